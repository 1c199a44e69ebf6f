using System.Diagnostics.Metrics;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Telemetry;

/// <summary>
/// Gauges over the live sandboxes, measured when they are asked for. <c>sandbox_memory_usage_bytes</c> near the host's
/// memory, or <c>sandbox_cpu_usage_percent</c> near its CPUs, means that the node is full.
/// </summary>
internal sealed class NodeGauges
{
    private static readonly TimeSpan Freshness = TimeSpan.FromMilliseconds(250);

    private readonly ISandboxRegistry _registry;
    private readonly TimeProvider _timeProvider;
    private readonly Lock _gate = new();

    // All guarded by _gate: the last reading, and each sandbox's CPU time at it.
    private NodeReading _last = new(0, 0, 0, 0);
    private long _lastAt;
    private Dictionary<SandboxId, TimeSpan> _lastCpu = [];

    public NodeGauges(ISandboxRegistry registry, IMeterFactory meters, TimeProvider timeProvider)
    {
        _registry = registry;
        _timeProvider = timeProvider;
        _lastAt = timeProvider.GetTimestamp();
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create(ExecutionMetrics.MeterName);
#pragma warning restore CA2000
        meter.CreateObservableGauge(
            "sandbox_memory_usage_bytes", () => Read().MemoryBytes, "By", "Memory charged to live sandboxes.");
        meter.CreateObservableGauge(
            "sandbox_cpu_usage_percent", () => Read().CpuPercent, unit: null, "CPU of live sandboxes in percent of one CPU.");
        meter.CreateObservableGauge(
            "sandbox_active_sessions",
            () => new Measurement<int>(registry.All.Count, new KeyValuePair<string, object?>("sandbox_type", "code")),
            unit: null,
            "Live sandboxes, paused or not.");
        meter.CreateObservableGauge(
            "sandbox_paused_sessions", () => registry.All.Count(static sandbox => sandbox.IsPaused), unit: null, "Paused sandboxes.");
    }

    /// <summary>Sums over the live sandboxes; CPU since the reading before. One reading serves all who ask at the same time.</summary>
    public NodeReading Read()
    {
        lock (_gate)
        {
            var elapsed = _timeProvider.GetElapsedTime(_lastAt);
            if (elapsed < Freshness && _lastCpu.Count > 0) return _last;
            return _last = Measure(elapsed);
        }
    }

    // Caller holds _gate.
    private NodeReading Measure(TimeSpan elapsed)
    {
        var cpu = new Dictionary<SandboxId, TimeSpan>();
        var used = TimeSpan.Zero;
        long memory = 0, disk = 0;
        var processes = 0;
        foreach (var sandbox in _registry.All)
        {
            if (SandboxReadings.TryRead(sandbox.Engine) is not { } usage) continue;
            memory += usage.MemoryBytes;
            disk += usage.DiskUsedBytes;
            processes += usage.Processes;
            cpu[sandbox.Id] = usage.CpuTime;
            used += usage.CpuTime - _lastCpu.GetValueOrDefault(sandbox.Id);
        }

        _lastCpu = cpu;
        _lastAt = _timeProvider.GetTimestamp();
        var percent = elapsed > TimeSpan.Zero ? Math.Max(0, used / elapsed * 100) : 0;
        return new NodeReading(memory, percent, disk, processes);
    }
}

/// <summary>One reading of <see cref="NodeGauges"/>.</summary>
internal sealed record NodeReading(long MemoryBytes, double CpuPercent, long DiskBytes, int Processes);
