using System.Reflection;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Telemetry;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>The node at a glance, for <c>/health</c> and <c>/sandbox/metrics</c>.</summary>
internal sealed class NodeOverview(
    ISandboxRegistry registry, ISandboxEngine engine, KeptSandboxes kept, ExecutionMetrics executions, NodeGauges gauges,
    TimeProvider timeProvider)
{
    private static readonly string Version =
        typeof(NodeOverview).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]
        ?? "0";

    private readonly long _started = timeProvider.GetTimestamp();

    public HealthResponse Health() => new(
        "ok", Version, registry.All.Count, engine.Pooled, engine.Templates, engine.Tier.Name, engine.Tier.Warning, engine.Zygotes.Ready);

    public NodeMetricsResponse Metrics()
    {
        var usage = gauges.Read();
        return new NodeMetricsResponse(
            timeProvider.GetElapsedTime(_started).TotalSeconds,
            new NodeSandboxes(registry.All.Count, kept.Count, engine.Pooled, registry.All.Count(static sandbox => sandbox.IsPaused)),
            executions.Read(),
            new NodeUsage(usage.MemoryBytes, usage.CpuPercent, usage.DiskBytes, usage.Processes));
    }
}
