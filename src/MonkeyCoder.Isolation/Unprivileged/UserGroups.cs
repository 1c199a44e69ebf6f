using System.Collections.Concurrent;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>
/// Takes the place of cgroups where there are none: a group is the processes of one user, who is one sandbox's alone. Limits are
/// enforced by <see cref="Watchdog"/>, not by the kernel.
/// </summary>
/// <param name="slots">Claims of uids.</param>
/// <param name="ids">The uids.</param>
/// <param name="gatekeepers">Whether the agent is the child of a gatekeeper.</param>
internal sealed class UserGroups(UidSlots slots, UserIds ids, bool gatekeepers) : ICgroupTree
{
    // A process may be starting another while it is being stopped.
    private const int FreezeRounds = 4;

    private readonly ConcurrentDictionary<string, UserGroup> _groups = new(StringComparer.Ordinal);

    /// <summary>Whether the agent is the child of a gatekeeper.</summary>
    public bool HasGatekeepers => gatekeepers;

    public string Version => "none (processes are counted by user)";

    /// <summary>Groups that are there now, by the id of their sandbox.</summary>
    public IEnumerable<KeyValuePair<string, UserGroup>> All => _groups;

    public void Create(string path)
    {
        if (UserOf(path) is { } user) _groups.TryAdd(NameOf(path), new UserGroup(user, gatekeepers));
        else throw new SandboxLaunchException($"No uid is claimed for {NameOf(path)}.");
    }

    public void SetLimits(string path, SandboxLimits limits) => Find(path).Limits = limits;

    /// <summary>Nothing to do: no device but those of its root can be reached.</summary>
    public void ConfineDevices(string path, IReadOnlyList<(int Major, int? Minor)> devices)
    {
    }

    public CgroupUsage ReadUsage(string path) => Find(path).Measure(UserProcess.ReadAll());

    public SandboxFailures ReadFailures(string path)
    {
        var usage = ReadUsage(path);
        return new SandboxFailures(usage.OomKills, usage.ForkFailures);
    }

    public TimeSpan ReadCpuTime(string path) => ReadUsage(path).CpuTime;

    public void ResetMemoryPeak(string path) => Find(path).ResetMemoryPeak();

    public void SetFrozen(string path, bool frozen)
    {
        if (UserOf(path) is not { } user) return;
        for (var round = 0; round < (frozen ? FreezeRounds : 1); round++)
            foreach (var process in Of(user)) process.Signal(frozen ? Libc.SIGSTOP : Libc.SIGCONT);
    }

    public bool IsFrozen(string path) => UserOf(path) is not { } user || Of(user).All(static process => process.IsStopped());

    /// <summary>Nothing to do: who is to go first is a matter of control groups.</summary>
    public void SetReclaimedFirst(string path, bool first, bool swap)
    {
    }

    /// <summary>Nothing to do, as above.</summary>
    public void Reclaim(string path)
    {
    }

    public IReadOnlyList<int> Processes(string path) =>
        UserOf(path) is { } user ? [.. Of(user).Select(static process => process.Pid)] : [];

    // There are none: a group is what a user runs.
    public IReadOnlyList<string> ProcessFiles(string path) => [];

    public void Kill(string path)
    {
        if (UserOf(path) is { } user) Libc.KillProcessesOf(user);
    }

    public bool TryRemove(string path)
    {
        if (Processes(path).Count > 0) return false;
        _groups.TryRemove(NameOf(path), out _);
        return true;
    }

    /// <summary>None of its own: whose processes may be left is known by the claims of uids.</summary>
    public IReadOnlyCollection<string> Children(string path) => [];

    private static IEnumerable<UserProcess> Of(uint user) => UserProcess.ReadAll().Where(process => process.UserId == user);

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private UserGroup Find(string path) =>
        _groups.TryGetValue(NameOf(path), out var group) ? group : throw new SyscallException("open", ErrnoName.ENOENT, path);

    private uint? UserOf(string path)
    {
        var name = NameOf(path);
        if (_groups.TryGetValue(name, out var group)) return group.UserId;
        foreach (var (range, owner) in slots.Mine())
            if (owner == name) return ids.Of(range);
        return null;
    }
}
