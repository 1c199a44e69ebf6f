using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Agent.Processes;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Kernels;

/// <summary>
/// One kernel process and its queue of cells. Requests come from connection threads; <see cref="KernelPump"/>, on the
/// kernel's own thread, does all of the talking to the driver.
/// </summary>
internal sealed class Kernel(string language, Child child, ChildTable children, ConfigureRequest configured)
{
    private static readonly TimeSpan KillWait = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private readonly LinkedList<Cell> _queue = [];
    private readonly List<FrameChannel> _waiters = [];
    private ConfigureRequest _configured = configured;
    private Cell? _current;
    private bool _ready;
    private ProcessExitedEvent? _died;

    public string Language { get; } = language;

    public Child Child { get; } = child;

    /// <summary>Whether it has said that it can take cells.</summary>
    public bool IsReady
    {
        get
        {
            lock (_gate) return _ready;
        }
    }

    /// <summary>Answers Ok when the kernel is ready, or an error when it dies before. Returns when the node has hung up.</summary>
    public void AwaitReady(FrameChannel channel)
    {
        lock (_gate)
        {
            if (!_ready && _died is null)
            {
                _waiters.Add(channel);
            }
            else
            {
                if (_ready) channel.TrySend(FrameType.Ok);
                else channel.TrySend(FrameType.Error, new AgentError(AgentErrorCode.Unavailable, $"kernel '{Language}' died before it was ready"));
                return;
            }
        }

        channel.WaitForClose();
        lock (_gate) _waiters.Remove(channel);
    }

    /// <summary>Runs a cell after those before it. Returns at its end, or when the node has hung up.</summary>
    public void Execute(Cell cell)
    {
        lock (_gate)
        {
            if (_died is not null)
            {
                cell.Channel.TrySend(FrameType.KernelDied, _died);
                return;
            }

            _queue.AddLast(cell);
        }

        Child.Nudge();
        cell.Channel.WaitForClose();
        Abandon(cell);
    }

    /// <summary>SIGINT to the running cell, now and again until it ends; nothing where none runs.</summary>
    public void Interrupt()
    {
        lock (_gate)
        {
            if (_current is null) return;
            _current.Interrupts++;
            SignalCurrent();
        }

        Child.Nudge();
    }

    /// <summary>Kills the process and everything in its session, and waits until it has been reaped.</summary>
    /// <exception cref="AgentFault">The kernel of the machine does not let go of it.</exception>
    public void Close()
    {
        children.KillAll(Child);
        if (children.WaitForExit(Child, KillWait) is null)
            throw new AgentFault(AgentErrorCode.Internal, $"process {Child.Pid} does not end");
    }

    /// <summary>The node has left this cell: it is taken out of the queue, or interrupted.</summary>
    public void Abandon(Cell cell)
    {
        lock (_gate)
        {
            if (_queue.Remove(cell) || _current != cell || cell.Abandoned) return;
            cell.Abandoned = true;
            cell.Interrupts++;
            SignalCurrent();
        }

        // The pump starts to count the seconds until it kills.
        Child.Nudge();
    }

    /// <summary>For the pump: the next cell becomes the current one; null where there is none, or one is running.</summary>
    public Cell? BeginNext()
    {
        lock (_gate)
        {
            if (!_ready || _current is not null || _queue.First is not { } first) return null;
            _queue.RemoveFirst();
            _current = first.Value;
            // A kernel of the pool was started before its owner came with variables of their own.
            if (!ReferenceEquals(_configured, _current.Configured)) _current.Prepend(_current.Configured.Environment);
            _configured = _current.Configured;
            return _current;
        }
    }

    /// <summary>For the pump: the current cell, if its output still has a reader.</summary>
    public Cell? Current(out bool abandoned)
    {
        lock (_gate)
        {
            abandoned = _current is { Abandoned: true };
            return _current;
        }
    }

    /// <summary>For the pump: a cell is current whose first message has not come yet.</summary>
    public bool IsBeginning
    {
        get
        {
            lock (_gate) return _current is { Begun: false };
        }
    }

    /// <summary>For the pump: the driver has begun with the current cell. Returns false where it had before.</summary>
    public bool MarkBegun()
    {
        lock (_gate)
        {
            if (_current is null || _current.Begun) return false;
            _current.Begun = true;
            if (_current.Interrupts > 0) SignalCurrent();
            return true;
        }
    }

    /// <summary>For the pump: how often the current cell was asked to end; 0 where there is none, or it has not begun.</summary>
    public int CountInterrupts()
    {
        lock (_gate) return _current is { Begun: true } ? _current.Interrupts : 0;
    }

    /// <summary>For the pump: SIGINT again to a cell that was asked to end and has not.</summary>
    public void RepeatInterrupt()
    {
        lock (_gate)
        {
            if (_current is { Interrupts: > 0 }) SignalCurrent();
        }
    }

    /// <summary>For the pump: no cell is current any more. Returns whether the one that was has been interrupted.</summary>
    public bool EndCurrent()
    {
        lock (_gate)
        {
            var interrupted = _current is { Interrupts: > 0 };
            _current = null;
            return interrupted;
        }
    }

    /// <summary>For the pump: cells can be taken, and whoever waited for that hears of it.</summary>
    public void MarkReady()
    {
        lock (_gate)
        {
            _ready = true;
            foreach (var waiter in _waiters)
            {
                waiter.TrySend(FrameType.Ok);
                waiter.Finish();
            }

            _waiters.Clear();
        }
    }

    /// <summary>For the pump: the process is gone. Tells everybody who waits for it.</summary>
    /// <param name="exit">How it ended.</param>
    /// <param name="lastWords">What it wrote to stderr before it was ready.</param>
    public void MarkDied(ChildExit exit, string lastWords)
    {
        List<FrameChannel> cells = [];
        List<FrameChannel> waiters;
        lock (_gate)
        {
            _died = new ProcessExitedEvent(exit.ExitCode, exit.Signal);
            if (_current is { Abandoned: false }) cells.Add(_current.Channel);
            foreach (var cell in _queue) cells.Add(cell.Channel);
            _current = null;
            _queue.Clear();
            waiters = [.. _waiters];
            _waiters.Clear();
        }

        foreach (var channel in cells)
        {
            channel.TrySend(FrameType.KernelDied, _died);
            channel.Finish();
        }

        var how = exit.Signal != 0 ? $"signal {exit.Signal}" : $"exit code {exit.ExitCode}";
        foreach (var channel in waiters)
        {
            channel.TrySend(FrameType.Error, new AgentError(AgentErrorCode.Unavailable,
                $"kernel '{Language}' died before it was ready ({how}): {lastWords}"));
            channel.Finish();
        }
    }

    /// <summary>Before the driver has begun, a signal would be lost; <see cref="MarkBegun"/> sends it then. The caller holds the lock.</summary>
    private void SignalCurrent()
    {
        if (_current is { Begun: true }) children.SignalGroup(Child, Libc.SIGINT);
    }
}
