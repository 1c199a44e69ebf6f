using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Cgroups;

/// <summary>
/// The control groups of this host, whatever their version. A group is named by its path from the root of the tree,
/// e.g. <c>/monkeycoder/1f2e3d4c/i0123…</c>, the same in every hierarchy of v1.
/// </summary>
/// <exception cref="MonkeyCoder.Linux.SyscallException">A file of the tree refused; from every member that does not say otherwise.</exception>
internal interface ICgroupTree
{
    /// <summary><c>v1</c> or <c>v2</c>.</summary>
    string Version { get; }

    /// <summary>Creates the group and its parents, wherever it does not exist yet.</summary>
    void Create(string path);

    /// <summary>Sets memory, CPU and process limits; also those that are the same for every sandbox.</summary>
    void SetLimits(string path, SandboxLimits limits);

    /// <summary>
    /// Leaves reading and writing of these character devices (a missing minor stands for all) and nothing else: runtimes add
    /// some of their own. On v2 the runtime's program stays as it is; nothing inside can make a device node anyway.
    /// </summary>
    void ConfineDevices(string path, IReadOnlyList<(int Major, int? Minor)> devices);

    /// <summary>Reads all counters. Files that the host does not have count as 0.</summary>
    CgroupUsage ReadUsage(string path);

    /// <summary>What limits have done to the group: the same as in <see cref="ReadUsage"/>.</summary>
    SandboxFailures ReadFailures(string path);

    /// <summary><see cref="CgroupUsage.CpuTime"/> alone, that of the groups below included.</summary>
    TimeSpan ReadCpuTime(string path);

    /// <summary>Makes <see cref="CgroupUsage.MemoryPeakBytes"/> start anew.</summary>
    void ResetMemoryPeak(string path);

    /// <summary>Begins to stop every process of the group, or lets it continue.</summary>
    void SetFrozen(string path, bool frozen);

    /// <summary>Whether every process of a group that is being stopped has stopped.</summary>
    bool IsFrozen(string path);

    /// <summary>
    /// Whose memory the host takes first when it runs short: that of this group, or of all alike. On v2 there is no such order.
    /// </summary>
    /// <param name="path">The group.</param>
    /// <param name="first">This group's.</param>
    /// <param name="swap">Memory that no file stands behind may go to swap, where the host has any.</param>
    void SetReclaimedFirst(string path, bool first, bool swap);

    /// <summary>Gives back what the group holds and the kernel can take. Takes as long as the kernel does. Nothing before Linux 5.19 on v2.</summary>
    void Reclaim(string path);

    /// <summary>Processes of the group, as host pids; none where it does not exist.</summary>
    IReadOnlyList<int> Processes(string path);

    /// <summary>The files that a process is written to to be in the group, one for each hierarchy that has it.</summary>
    IReadOnlyList<string> ProcessFiles(string path);

    /// <summary>SIGKILL to every process of the group, the frozen too. They may take a moment to be gone.</summary>
    void Kill(string path);

    /// <summary>Removes the group wherever it exists. False while something is still in it.</summary>
    bool TryRemove(string path);

    /// <summary>Names of the groups directly below, of all hierarchies.</summary>
    IReadOnlyCollection<string> Children(string path);
}

/// <summary>Counters of one group since it was created.</summary>
internal readonly record struct CgroupUsage
{
    /// <summary>User and system time of all its processes.</summary>
    public TimeSpan CpuTime { get; init; }

    /// <summary>Time in which its processes had to wait for the CPU limit.</summary>
    public TimeSpan ThrottledTime { get; init; }

    /// <summary>Bytes charged now.</summary>
    public long MemoryBytes { get; init; }

    /// <summary>Most bytes charged since the last reset.</summary>
    public long MemoryPeakBytes { get; init; }

    /// <summary>Page cache within <see cref="MemoryBytes"/>.</summary>
    public long MemoryCacheBytes { get; init; }

    /// <summary>Processes killed by the kernel because the group was over its memory.</summary>
    public long OomKills { get; init; }

    /// <summary>Tasks now.</summary>
    public int Tasks { get; init; }

    /// <summary>Forks refused because the group was at its limit.</summary>
    public long ForkFailures { get; init; }
}
