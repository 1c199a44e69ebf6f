using MonkeyCoder.Agent.Users;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Starts, signals and reaps children; the only place that does.</summary>
/// <remarks>
/// A pid means the same process as long as it has not been reaped. Reaping and signalling happen under one lock, so a
/// signal never reaches a stranger; starting does too, so the reaper never meets a child that is not in the table.
/// </remarks>
internal sealed class ChildTable(ProcessStarter starter)
{
    private readonly object _gate = new();
    private readonly Dictionary<int, Child> _running = [];
    private int _started;

    /// <summary>Starts a process as a user.</summary>
    /// <exception cref="AgentFault">It cannot be started.</exception>
    public Child Start(SpawnRequest request, UserAccount user)
    {
        Child child;
        FileDescriptor? wake = Libc.CreateEventDescriptor();
        try
        {
            lock (_gate)
            {
                child = new Child(starter.Start(request, user), wake);
                wake = null;
                _running[child.Pid] = child;
                _started++;
                Monitor.PulseAll(_gate);
            }
        }
        finally
        {
            wake?.Dispose();
        }

        ProcessStarter.PreferForMemoryKill(child.Pid);
        return child;
    }

    /// <summary>Takes over a child that has not been started here, and leads its own session as those do.</summary>
    /// <returns>null where it is no child of this process any more, or is in the table already.</returns>
    public Child? TryAdopt(int pid)
    {
        Child child;
        lock (_gate)
        {
            if (_running.ContainsKey(pid) || !Libc.HasChild(pid)) return null;
#pragma warning disable CA2000 // The child owns it, and whoever adopts it the child.
            child = new Child(pid, Libc.CreateEventDescriptor());
#pragma warning restore CA2000
            _running[pid] = child;
            _started++;
            Monitor.PulseAll(_gate);
        }

        ProcessStarter.PreferForMemoryKill(pid);
        return child;
    }

    /// <summary>Signals the process alone. Returns false where it has been reaped.</summary>
    public bool Signal(Child child, int signal)
    {
        lock (_gate) return child.Exit is null && Libc.TryKill(child.Pid, signal) == 0;
    }

    /// <summary>Signals the process group that the process leads; members may outlive it.</summary>
    public void SignalGroup(Child child, int signal)
    {
        // The number of a group stays taken as long as it has members, so this hits that group or nothing.
        lock (_gate) _ = Libc.TryKill(-child.Pid, signal);
    }

    /// <summary>Kills the process, its group and everything in its session.</summary>
    public void KillAll(Child child)
    {
        SignalGroup(child, Libc.SIGKILL);
        SessionKill.Run(child.Pid);
    }

    /// <summary>Waits until the process has been reaped, at most so long. Returns how it ended, or null.</summary>
    public ChildExit? WaitForExit(Child child, TimeSpan atMost)
    {
        var deadline = Environment.TickCount64 + (long)atMost.TotalMilliseconds;
        lock (_gate)
        {
            while (child.Exit is null && deadline - Environment.TickCount64 is > 0 and var left) Monitor.Wait(_gate, (int)left);
            return child.Exit;
        }
    }

    /// <summary>Reads <see cref="Child.Exit"/> under the lock.</summary>
    public ChildExit? ExitOf(Child child)
    {
        lock (_gate) return child.Exit;
    }

    /// <summary>Reaps children and adopted orphans for ever. Waits without waking up while there are none.</summary>
    public void ReapForever()
    {
        while (true)
        {
            int seen;
            lock (_gate) seen = _started;
            var ended = Libc.WaitChild(0, keep: true);
            lock (_gate)
            {
                if (ended is null)
                {
                    // No child at all. An orphan can only appear below a child, so nothing happens until the next start.
                    while (_started == seen) Monitor.Wait(_gate);
                    continue;
                }

                if (Libc.TryReapChild(ended.Value.Pid) is not { } exit || !_running.TryGetValue(exit.Pid, out var child)) continue;
                _running.Remove(exit.Pid);
                child.Exit = exit;
                child.Nudge();
                Monitor.PulseAll(_gate);
            }
        }
    }
}
