using Microsoft.Extensions.DependencyInjection;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Tests.Hosting;

namespace MonkeyCoder.Sandbox.Tests.Telemetry;

/// <summary>Alone, because an exporter sees the meters of every service of its process.</summary>
[Collection(nameof(Alone))]
public sealed class MetricsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_AfterExecutions_HaveExactlyTheNamesOfTheApi()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell =>
        {
            var sandbox = node.Engine.Sandboxes[^1];
            sandbox.Usage = sandbox.Usage with { MemoryBytes = 1234 };
            if (cell.Request.Code == "fail") cell.Count(1).Error("E", "").Idle();
            else cell.Count(1).Idle();
        };
        await node.PostAsync("/sandbox/execute", """{"code":"1","keep":true}""");
        await node.PostAsync("/sandbox/execute", """{"code":"fail"}""");
        await node.Engine.Sandboxes[^1].Exited.WaitAsync(TimeSpan.FromSeconds(60), Token);

        var text = await node.Http.GetStringAsync("/metrics", Token);

        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#').ToArray();
        Assert.Contains("sandbox_executions_total{sandbox_type=\"code\",status=\"completed\"} 1", lines);
        Assert.Contains("sandbox_executions_total{sandbox_type=\"code\",status=\"failed\"} 1", lines);
        Assert.Contains("sandbox_execution_duration_seconds_count{sandbox_type=\"code\"} 2", lines);
        Assert.Contains("sandbox_execution_duration_seconds_bucket{sandbox_type=\"code\",le=\"+Inf\"} 2", lines);
        Assert.Contains("sandbox_active_sessions{sandbox_type=\"code\"} 1", lines);
        Assert.Contains("sandbox_memory_usage_bytes 1234", lines);
        Assert.Contains(lines, line => line.StartsWith("sandbox_cpu_usage_percent ", StringComparison.Ordinal));
        Assert.Equal(
            [
                "sandbox_active_sessions", "sandbox_cpu_usage_percent", "sandbox_execution_duration_seconds_bucket",
                "sandbox_execution_duration_seconds_count", "sandbox_execution_duration_seconds_sum",
                "sandbox_executions_total", "sandbox_kernel_forks_total", "sandbox_memory_usage_bytes", "sandbox_paused_sessions",
                "sandbox_zygotes", "sandbox_zygotes_replaced_total",
            ],
            lines.Select(line => line.Split('{', ' ')[0]).Distinct().Order(StringComparer.Ordinal));
        Assert.Contains("# TYPE sandbox_execution_duration_seconds histogram", text, StringComparison.Ordinal);
        Assert.Contains("# TYPE sandbox_executions_total counter", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_AfterRefusals_CountThemByReason()
    {
        await using var node = await NodeFixture.StartAsync();
        var events = node.Services.GetRequiredService<IEgressEvents>();
        foreach (var reason in new[] { EgressReasons.NotAllowed, EgressReasons.NodeLimit, EgressReasons.NotAllowed })
            events.Refused(new EgressRefusal(SandboxId.New(), "tenant", "example.com", null, 443, reason));

        var lines = (await node.Http.GetStringAsync("/metrics", Token)).Split('\n');

        Assert.Equal(
            ["sandbox_egress_refusals_total{reason=\"node_limit\"} 1", "sandbox_egress_refusals_total{reason=\"not_allowed\"} 2"],
            lines.Where(line => line.StartsWith("sandbox_egress", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
    }

    [CollectionDefinition(nameof(Alone), DisableParallelization = true)]
    public sealed class Alone;
}
