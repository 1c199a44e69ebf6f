using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>The processes that the node started, and how the last ones ended.</summary>
internal sealed class ProcessTable(TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<int, ManagedProcess> _running = [];
    private readonly ExitLog _exits = new(clock);

    public void Add(ManagedProcess process)
    {
        lock (_gate) _running[process.Child.Pid] = process;
    }

    public void Remove(ManagedProcess process, ChildExit exit)
    {
        lock (_gate)
        {
            // A new process may have got the pid of one whose pipes outlived it.
            if (_running.TryGetValue(process.Child.Pid, out var current) && current == process) _running.Remove(process.Child.Pid);
            _exits.Add(process.Request.Tag, exit);
        }
    }

    /// <summary>The running process that the selector names.</summary>
    /// <exception cref="AgentFault">There is none.</exception>
    public ManagedProcess Find(ProcessSelector selector) => TryFind(selector, out _) ?? throw NotFound(selector);

    /// <summary>As <see cref="Find"/>; where the process has ended a short while ago, null and its end.</summary>
    /// <exception cref="AgentFault">There is and was none.</exception>
    public ManagedProcess? FindOrExit(ProcessSelector selector, out ChildExit exit)
    {
        var process = TryFind(selector, out var ended);
        if (process is null && ended is null) throw NotFound(selector);
        exit = ended ?? default;
        return process;
    }

    public ProcessListingAnswer List()
    {
        ManagedProcess[] processes;
        lock (_gate) processes = [.. _running.Values];
        return new ProcessListingAnswer([.. processes.OrderBy(process => process.Child.Pid).Select(process => new ProcessListItem(
            process.Child.Pid, process.Request.Tag, process.Request.Command, process.Request.Arguments,
            process.Request.Environment, process.Request.WorkingDirectory))]);
    }

    private ManagedProcess? TryFind(ProcessSelector selector, out ChildExit? exit)
    {
        lock (_gate)
        {
            exit = null;
            if (selector.Pid != 0)
            {
                if (_running.TryGetValue(selector.Pid, out var byPid)) return byPid;
            }
            else if (selector.Tag is not null)
            {
                foreach (var process in _running.Values)
                {
                    if (process.Request.Tag == selector.Tag) return process;
                }
            }

            exit = _exits.Find(selector.Pid, selector.Tag);
            return null;
        }
    }

    private static AgentFault NotFound(ProcessSelector selector) => new(AgentErrorCode.NotFound, selector.Pid != 0
        ? $"process with pid {selector.Pid} not found"
        : $"process with tag {selector.Tag} not found");
}
