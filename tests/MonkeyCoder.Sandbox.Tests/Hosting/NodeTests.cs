using System.Text.Json;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Hosting;

public sealed class NodeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/health")]
    [InlineData("/healthz")]
    [InlineData("/sandbox/health")]
    public async Task Health_Anybody_IsTold(string path)
    {
        await using var node = await NodeFixture.StartAsync();

        var health = JsonSerializer.Deserialize(
            await node.Http.GetStringAsync(path, Token), ExecutionJson.Default.HealthResponse)!;

        Assert.Equal("ok", health.Status);
        Assert.Equal(["base"], health.Templates);
        Assert.Equal(("container", null), (health.Tier, health.Warning));
    }

    [Fact]
    public async Task Health_WeakTier_Warns()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Engine.Tier = TierDescription.Of(IsolationTier.Unprivileged);

        var health = JsonSerializer.Deserialize(
            await node.Http.GetStringAsync("/sandbox/health", Token), ExecutionJson.Default.HealthResponse)!;

        Assert.Equal("unprivileged", health.Tier);
        Assert.Contains("without namespaces", health.Warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NodeMetrics_AfterExecutions_CountThem()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();
        await node.PostAsync("/sandbox/execute", """{"code":"1","keep":true}""");

        var response = await node.GetAsync("/sandbox/metrics", NodeFixture.Token());
        var metrics = JsonSerializer.Deserialize(
            await response.Content.ReadAsStringAsync(Token), ExecutionJson.Default.NodeMetricsResponse)!;

        Assert.Equal(new NodeSandboxes(1, 1, 0, 0), metrics.Sandboxes);
        Assert.Equal(new NodeExecutions(0, 1, 0, 0, 0, 0), metrics.Executions);
    }

    [Fact]
    public async Task Stop_WithACellRunning_EndsItAndRemovesEverything()
    {
        var node = await NodeFixture.StartAsync();
        var call = node.PostAsync("/sandbox/execute", """{"code":"1"}""");
        await node.Agent.NextCellAsync(Token);

        await node.DisposeAsync();

        Assert.True(node.Engine.IsDisposed);
        await Assert.ThrowsAnyAsync<Exception>(() => call);
    }
}
