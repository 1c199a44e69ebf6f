using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>The processes of one sandbox as far as they are watched: what a cgroup would know of them.</summary>
/// <param name="userId">Their user.</param>
/// <param name="gatekeeper">Whether the agent is the child of a gatekeeper.</param>
internal sealed class UserGroup(uint userId, bool gatekeeper)
{
    // The program whose fork was refused has often ended, and so has the agent's thread for it, when somebody looks.
    private const int NearlyFull = 4;

    private readonly Lock _lock = new();
    private CgroupUsage _usage; // under _lock
    private TimeSpan _counted; // under _lock
    private bool _full; // under _lock

    /// <summary>Their user.</summary>
    public uint UserId { get; } = userId;

    /// <summary>What they are held to.</summary>
    public SandboxLimits Limits { get; set; } = new();

    /// <summary>
    /// The time on the CPU of the processes that the last <see cref="Measure"/> found. Unlike that of the usage it also falls: with a
    /// process whose parent ignores SIGCHLD its time goes, and what others use after that would not show for as long.
    /// </summary>
    public TimeSpan CountedCpuTime
    {
        get
        {
            lock (_lock) return _counted;
        }
    }

    /// <summary>Counts what is there now.</summary>
    public CgroupUsage Measure(IReadOnlyList<UserProcess> all)
    {
        var mine = all.Where(process => process.UserId == UserId).ToArray();
        var memory = mine.Sum(process => process.MemoryBytes);
        // The sum counts pages several times that processes share after a fork; only a large one is worth the longer look.
        if (mine.Length > 1 && memory > Limits.MemoryBytes / 2) memory = mine.Sum(process => process.ReadShareBytes());
        var cpu = mine.Aggregate(TimeSpan.Zero, (sum, process) => sum + process.ReadCpuTime());
        var tasks = mine.Sum(process => process.Tasks);
        lock (_lock)
        {
            var full = tasks >= Limits.Processes + SandboxLimits.AgentTaskReserve - NearlyFull;
            _usage = _usage with
            {
                // What a process that has just ended took is its parent's only when it has been waited for.
                CpuTime = cpu > _usage.CpuTime ? cpu : _usage.CpuTime,
                MemoryBytes = memory,
                MemoryPeakBytes = Math.Max(memory, _usage.MemoryPeakBytes),
                Tasks = tasks,
                // The kernel does not say how often it refused; that there was no room is what can be seen.
                ForkFailures = _usage.ForkFailures + (full && !_full ? 1 : 0),
            };
            _full = full;
            _counted = cpu;
            return _usage;
        }
    }

    public void ResetMemoryPeak()
    {
        lock (_lock) _usage = _usage with { MemoryPeakBytes = _usage.MemoryBytes };
    }

    /// <summary>Kills the process with the most memory, the agent only where there is no other.</summary>
    public void KillLargest(IReadOnlyList<UserProcess> all)
    {
        var mine = all.Where(process => process.UserId == UserId).ToArray();
        if (mine.Length == 0) return;
        var work = Work(mine);
        (work.Length > 0 ? work : mine).MaxBy(static process => process.MemoryBytes).Signal(Libc.SIGKILL);
        lock (_lock) _usage = _usage with { OomKills = _usage.OomKills + 1 };
    }

    /// <summary>Kills all but the agent.</summary>
    public void KillWork(IReadOnlyList<UserProcess> all)
    {
        foreach (var process in Work([.. all.Where(process => process.UserId == UserId)])) process.Signal(Libc.SIGKILL);
    }

    /// <summary>
    /// All but what is ours: the child of the node, and its child where it is a gatekeeper, which has no other. Orphans inside go to the
    /// agent.
    /// </summary>
    private UserProcess[] Work(UserProcess[] mine)
    {
        var first = mine.Where(static process => process.ParentPid == Environment.ProcessId).Select(static process => process.Pid).ToHashSet();
        return [.. mine.Where(process => !first.Contains(process.Pid) && !(gatekeeper && first.Contains(process.ParentPid)))];
    }
}
