using System.Globalization;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// Stops and continues all processes of one sandbox. While they are stopped, its memory is the first that the host takes, and
/// they are the first that it kills when it has none left.
/// </summary>
/// <param name="cgroups">Tree of its group.</param>
/// <param name="cgroup">Its group.</param>
/// <param name="swap">Its memory may go to swap while it is frozen.</param>
/// <param name="time">Clock.</param>
internal sealed class SandboxFreezer(ICgroupTree cgroups, string cgroup, bool swap, TimeProvider time)
{
    private const int FirstToGo = 1000; // The most that oom_score_adj takes, proc_pid_oom_score_adj(5).

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestLook = TimeSpan.FromMilliseconds(50);

    private readonly Lock _lock = new();

    // All guarded by _lock.
    private readonly Dictionary<int, long> _oomScores = []; // of the processes, as they were before
    private bool _isClosed;

    /// <summary>Returns when nothing of it runs any more.</summary>
    /// <exception cref="TimeoutException">Some did not stop in time: all go on.</exception>
    /// <exception cref="SyscallException">It is being removed.</exception>
    public async Task FreezeAsync()
    {
        Do(() => cgroups.SetFrozen(cgroup, true));
        try
        {
            var started = time.GetTimestamp();
            var look = FirstLook;
            while (!Do(() => cgroups.IsFrozen(cgroup)))
            {
                // One that waits for a device cannot be stopped before it has its answer.
                if (time.GetElapsedTime(started) > Patience)
                    throw new TimeoutException($"The processes of the sandbox did not stop within {Patience.TotalSeconds:0} s.");
                await Task.Delay(look, time).ConfigureAwait(false);
                look = look * 2 < LongestLook ? look * 2 : LongestLook;
            }

            Do(GoFirst);
        }
        catch
        {
            Thaw();
            throw;
        }
    }

    /// <summary>Everything goes on, as it was.</summary>
    /// <exception cref="SyscallException">It is being removed.</exception>
    public void Thaw() => Do(() =>
    {
        try
        {
            GoWithOthers();
        }
        finally
        {
            cgroups.SetFrozen(cgroup, false);
        }
    });

    /// <summary>It is being removed: nothing is stopped any more after this returns.</summary>
    public void Close()
    {
        lock (_lock) _isClosed = true;
    }

    private void Do(Action change) => Do(() =>
    {
        change();
        return true;
    });

    private T Do<T>(Func<T> change)
    {
        lock (_lock)
        {
            if (_isClosed) throw new SyscallException("freeze", ErrnoName.ENOENT, cgroup);
            return change();
        }
    }

    /// <summary>Caller holds the lock. Nothing is started or ends by itself in a frozen group, so that all have been seen.</summary>
    private void GoFirst()
    {
        cgroups.SetReclaimedFirst(cgroup, first: true, swap);
        foreach (var pid in cgroups.Processes(cgroup))
        {
            _oomScores.TryAdd(pid, CgroupFile.ReadNumber(ScoreOf(pid)));
            TryWriteScore(pid, FirstToGo);
        }
    }

    /// <summary>Caller holds the lock.</summary>
    private void GoWithOthers()
    {
        // Only those that are in the group still: the pid of one that was killed may be a stranger's by now.
        foreach (var pid in cgroups.Processes(cgroup))
            if (_oomScores.TryGetValue(pid, out var before)) TryWriteScore(pid, before);
        _oomScores.Clear();
        cgroups.SetReclaimedFirst(cgroup, first: false, swap: false);
    }

    private static void TryWriteScore(int pid, long score)
    {
        try
        {
            CgroupFile.Write(ScoreOf(pid), score);
        }
        catch (SyscallException e) when (e.Errno is ErrnoName.ENOENT or ErrnoName.ESRCH)
        {
            // It has just been killed.
        }
    }

    private static string ScoreOf(int pid) => string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/oom_score_adj");
}
