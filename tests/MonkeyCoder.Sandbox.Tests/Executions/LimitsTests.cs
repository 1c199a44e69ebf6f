using System.Net;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Tests.Hosting;

namespace MonkeyCoder.Sandbox.Tests.Executions;

public sealed class LimitsTests
{
    private const long Mebibyte = 1024 * 1024;

    [Fact]
    public async Task Execute_WithLimits_GivesTheFreshSandboxThem()
    {
        await using var node = await NodeFixture.StartAsync("--Limits:CeilingMemoryMb=1024", "--Limits:CeilingCpuPercent=200");
        node.Agent.Script = cell => cell.Count(1).Idle();

        var response = await node.PostAsync(
            "/sandbox/execute",
            """{"code":"1","limits":{"memory_mb":1024,"cpu_percent":150,"disk_mb":16,"processes":8,"open_files":64,"network_mbps":5}}""");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var limits = Assert.Single(node.Engine.Sandboxes).Spec.Limits;
        Assert.Equal(
            (1024 * Mebibyte, 150, 16 * Mebibyte, 8, 64, 5),
            (limits.MemoryBytes, limits.CpuPercent, limits.DiskBytes, limits.Processes, limits.OpenFiles, limits.NetworkMbps));
    }

    [Fact]
    public async Task Execute_WithSomeLimits_LeavesTheOthersAsTheNodeHasThem()
    {
        await using var node = await NodeFixture.StartAsync("--Limits:MemoryMb=300");
        node.Agent.Script = cell => cell.Count(1).Idle();

        await node.PostAsync("/sandbox/execute", """{"code":"1","limits":{"cpu_percent":25}}""");

        var limits = Assert.Single(node.Engine.Sandboxes).Spec.Limits;
        Assert.Equal((300 * Mebibyte, 25, 128), (limits.MemoryBytes, limits.CpuPercent, limits.Processes));
    }

    [Theory]
    [InlineData(IsolationTier.Unprivileged, "cpu_percent")]
    [InlineData(IsolationTier.Gvisor, "processes")]
    public async Task Execute_WithALimitThatTheTierDoesNotHold_IsRefusedAndWithoutItRuns(IsolationTier tier, string limit)
    {
        await using var node = await NodeFixture.StartAsync();
        node.Engine.Tier = TierDescription.Of(tier);
        node.Agent.Script = cell => cell.Count(1).Idle();

        var refused = await node.PostAsync("/sandbox/execute", """{"code":"1","limits":{"LIMIT":16}}""".Replace("LIMIT", limit, StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.NotImplemented, refused.StatusCode);
        var problem = await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("limit_not_available", problem, StringComparison.Ordinal);
        Assert.Contains($"'{limit}'", problem.Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Empty(node.Engine.Sandboxes);
        var done = await node.PostAsync("/sandbox/execute", """{"code":"1","limits":{"memory_mb":128}}""");
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
    }

    [Theory]
    [InlineData("""{"memory_mb":513}""", "'memory_mb' is 513 and may be 64 to 512")]
    [InlineData("""{"memory_mb":63}""", "'memory_mb' is 63 and may be 64 to 512")]
    [InlineData("""{"memory_mb":-1}""", "may be 64 to 512")]
    [InlineData("""{"cpu_percent":101}""", "'cpu_percent' is 101 and may be 1 to 100")]
    [InlineData("""{"cpu_percent":0}""", "may be 1 to 100")]
    [InlineData("""{"disk_mb":1025}""", "'disk_mb' is 1025 and may be 16 to 1024")]
    [InlineData("""{"network_mbps":101}""", "'network_mbps' is 101 and may be 1 to 100")]
    [InlineData("""{"processes":129}""", "'processes' is 129 and may be 8 to 128")]
    [InlineData("""{"open_files":1000000}""", "'open_files' is 1000000 and may be 64 to 1024")]
    public async Task Execute_WithALimitOutOfRange_NamesTheRangeAndStartsNothing(string limits, string detail)
    {
        await using var node = await NodeFixture.StartAsync("--Limits:CeilingCpuPercent=100");

        var response = await node.PostAsync("/sandbox/execute", $$"""{"code":"1","limits":{{limits}}}""");

        var problem = await NodeFixture.AssertProblemAsync(response, 400, "limit_out_of_range");
        Assert.Contains(detail, problem.Detail, StringComparison.Ordinal);
        Assert.Empty(node.Engine.Sandboxes);
    }

    [Theory]
    [InlineData("""{"code":"1","limits":{"memory_mb":1.5}}""", "invalid_field")]
    [InlineData("""{"code":"1","limits":{"memory_mb":"512"}}""", "invalid_field")]
    [InlineData("""{"code":"1","limits":{"memory_mb":99999999999}}""", "invalid_field")]
    [InlineData("""{"code":"1","limits":[]}""", "invalid_field")]
    [InlineData("""{"code":"1","limits":{"memory":512}}""", "unknown_field")]
    [InlineData("""{"code":"1","sandbox_id":"x","limits":{"memory_mb":128}}""", "invalid_field")]
    public async Task Execute_WithLimitsThatAreNone_IsRefused(string body, string code)
    {
        await using var node = await NodeFixture.StartAsync();

        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/execute", body), 400, code);
    }

    [Fact]
    public async Task Start_WithACeilingBelowTheLimit_IsRefused() =>
        await Assert.ThrowsAnyAsync<Exception>(() => NodeFixture.StartAsync("--Limits:CeilingMemoryMb=128"));
}
