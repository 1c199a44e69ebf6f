using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>One measurement of a sandbox.</summary>
/// <param name="Timestamp">When.</param>
/// <param name="CpuCount">CPUs it may use, at least 1.</param>
/// <param name="CpuUsedPercent">Of one CPU, since the measurement before.</param>
/// <param name="Usage">The figures.</param>
/// <param name="Limits">What they are measured against.</param>
internal sealed record SandboxSample(
    DateTimeOffset Timestamp, int CpuCount, double CpuUsedPercent, SandboxUsage Usage, SandboxLimits Limits);

/// <summary>Turns the engine's counters into a load, when somebody asks; nothing is sampled otherwise.</summary>
internal sealed class SandboxMeter(ISandbox engine, DateTimeOffset startedAt)
{
    private static readonly TimeSpan LeastInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();

    // All guarded by _lock.
    private DateTimeOffset _lastAt = startedAt;
    private TimeSpan _lastCpuTime;
    private double _lastPercent;

    /// <summary>CPUs a sandbox of these limits may use, at least 1.</summary>
    public static int CpuCount(SandboxLimits limits) => Math.Max(1, (limits.CpuPercent + 99) / 100);

    /// <summary>Measures now. Two calls within a second share one figure for the CPU.</summary>
    public SandboxSample Read(DateTimeOffset now)
    {
        var usage = engine.ReadUsage();
        lock (_lock)
        {
            var elapsed = now - _lastAt;
            if (elapsed >= LeastInterval)
            {
                _lastPercent = Math.Round(Math.Max(0, (usage.CpuTime - _lastCpuTime) / elapsed * 100), 2);
                _lastAt = now;
                _lastCpuTime = usage.CpuTime;
            }

            return new SandboxSample(now, CpuCount(engine.Spec.Limits), _lastPercent, usage, engine.Spec.Limits);
        }
    }
}
