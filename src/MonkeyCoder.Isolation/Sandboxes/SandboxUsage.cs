namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Measured figures of one sandbox since its start, read from its cgroups and its subvolume.</summary>
/// <param name="CpuTime">User and system time of all processes, dead ones included.</param>
/// <param name="MemoryBytes">Charged now.</param>
/// <param name="MemoryPeakBytes">Largest charge since start or the last <see cref="ISandbox.ResetMemoryPeak"/>.</param>
/// <param name="MemoryCacheBytes">Page cache within <paramref name="MemoryBytes"/>.</param>
/// <param name="OomKills">Processes killed by the kernel for memory.</param>
/// <param name="Processes">Tasks alive now, the agent's threads included.</param>
/// <param name="ForkFailures">Forks refused by the process limit.</param>
/// <param name="DiskUsedBytes">Bytes of the writable layers.</param>
/// <param name="DiskWrittenBytes">Bytes written to block devices.</param>
/// <param name="NetworkBytes">Bytes that left or entered the sandbox through the egress gateway.</param>
public sealed record SandboxUsage(
    TimeSpan CpuTime,
    long MemoryBytes,
    long MemoryPeakBytes,
    long MemoryCacheBytes,
    long OomKills,
    int Processes,
    long ForkFailures,
    long DiskUsedBytes,
    long DiskWrittenBytes,
    long NetworkBytes)
{
    /// <value>What the limits have done to it.</value>
    public SandboxFailures Failures => new(OomKills, ForkFailures);

    /// <summary>In <see cref="Full"/> where there are more files than the limit.</summary>
    public const string TooManyFiles = "files";

    /// <value>Time in which processes that wanted to run had to wait for the CPU limit, on all CPUs together.</value>
    public TimeSpan CpuThrottledTime { get; init; }

    /// <value>Time in which traffic had to wait for the limit of bandwidth, both ways together.</value>
    public TimeSpan NetworkDelayedTime { get; init; }

    /// <value>Time in which new connections out of the sandbox had to wait because there were too many of them.</value>
    public TimeSpan ConnectionsDelayedTime { get; init; }

    /// <value>Connections that were refused because as many were open as the sandbox may have.</value>
    public long ConnectionsRefused { get; init; }

    /// <value>What is full: <c>files</c>, <c>disk</c>, <c>volume_workspace</c> and the like; null where that is not measured piece by piece.</value>
    public IReadOnlyList<string>? Full { get; init; }
}

/// <summary>What the limits of a sandbox have done to it since its start.</summary>
/// <param name="OomKills">As <see cref="SandboxUsage.OomKills"/>.</param>
/// <param name="ForkFailures">As <see cref="SandboxUsage.ForkFailures"/>.</param>
public readonly record struct SandboxFailures(long OomKills, long ForkFailures);
