using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Requests about processes: section 3.3 of the E2B contract.</summary>
internal sealed class ProcessRequests(
    ProcessPlan plan, ChildTable children, ProcessTable table, OutputPace pace, bool switchesUsers)
{
    private const int StackBytes = 256 * 1024;

    // signal(7): HUP, INT, QUIT, KILL, USR1, USR2, TERM, CONT, STOP, WINCH; the rest is not for callers.
    private static readonly int[] OfferedSignals = [1, 2, 3, 9, 10, 12, 15, 18, 19, 28];

    private static readonly TimeSpan KillWait = TimeSpan.FromSeconds(5);

    /// <summary>Starts a process and follows it until its end, or until the node hangs up.</summary>
    public void Start(FrameChannel channel, ProcessStartRequest request)
    {
        var user = plan.User(request.User);
        var environment = plan.Variables(user, request.Environment);
        var directory = plan.Directory(request.WorkingDirectory, user, useDefault: true);
        var io = request.Pty is { } size ? ProcessIo.OnTerminal(size, user, switchesUsers) : ProcessIo.Pipes(request.Stdin);
        ManagedProcess process;
        try
        {
            var child = children.Start(new SpawnRequest
            {
                Path = request.Command,
                Arguments = [request.Command, .. request.Arguments],
                Environment = environment,
                WorkingDirectory = directory,
                Descriptors = io.Mappings,
                Terminal = io.TerminalPath,
            }, user);
            io.Started();
            process = new ManagedProcess(request, child, io, children, pace);
        }
        catch
        {
            io.Dispose();
            throw;
        }

        table.Add(process);
        process.Subscribers.Add(channel, process.Child.Pid);
        StartPump(process);
        Follow(channel, process);
    }

    /// <summary>Follows a running process; one that ended a moment ago is reported as such.</summary>
    public void Connect(FrameChannel channel, ProcessSelector selector)
    {
        if (table.FindOrExit(selector, out var exit) is { } process)
        {
            process.Subscribers.Add(channel, process.Child.Pid);
            Follow(channel, process);
            return;
        }

        if (channel.TrySend(FrameType.ProcessStarted, new ProcessStartedEvent(exit.Pid)))
            channel.TrySend(FrameType.ProcessExited, new ProcessExitedEvent(exit.ExitCode, exit.Signal));
    }

    public void List(FrameChannel channel) => channel.TrySend(FrameType.ProcessListing, table.List());

    public void Input(FrameChannel channel, ProcessInputRequest request)
    {
        var process = table.Find(request.Process);
        var onTerminal = process.Io.Terminal is not null;
        if (request.Pty != onTerminal)
        {
            throw new AgentFault(AgentErrorCode.Internal, onTerminal
                ? "error writing to stdin: the process has a terminal"
                : "error writing to tty: tty not assigned to process");
        }

        (process.Io.Input ?? throw InputPipe.NotOpen()).Write(request.Bytes.Span, channel.Socket);
        channel.TrySend(FrameType.Ok);
    }

    public void CloseStdin(FrameChannel channel, ProcessSelector selector)
    {
        var process = table.Find(selector);
        if (process.Io.Terminal is not null)
            throw new AgentFault(AgentErrorCode.FailedPrecondition, "cannot close the stdin of a terminal; send it Ctrl-D (0x04)");
        if (process.Io.Input is not { } input)
            throw new AgentFault(AgentErrorCode.FailedPrecondition, "stdin not enabled or closed");
        input.Close();
        channel.TrySend(FrameType.Ok);
    }

    public void Signal(FrameChannel channel, ProcessSignalRequest request)
    {
        var process = table.Find(request.Process);
        if (!OfferedSignals.Contains(request.Signal))
            throw new AgentFault(AgentErrorCode.Unimplemented, $"signal {request.Signal} is not offered");

        if (request.Signal == Libc.SIGKILL) children.KillAll(process.Child);
        else children.Signal(process.Child, request.Signal);

        if (request.Signal is Libc.SIGKILL or Libc.SIGTERM) process.StopWaitingForPipes();
        // After a kill has been answered, nobody finds the process any more.
        if (request.Signal == Libc.SIGKILL) children.WaitForExit(process.Child, KillWait);
        channel.TrySend(FrameType.Ok);
    }

    public void Resize(FrameChannel channel, ProcessResizeRequest request)
    {
        var process = table.Find(request.Process);
        if (process.Io.Terminal is not { } terminal)
            throw new AgentFault(AgentErrorCode.FailedPrecondition, "tty not assigned to process");
        Libc.SetTerminalSize(terminal, request.Size.Columns, request.Size.Rows);
        channel.TrySend(FrameType.Ok);
    }

    private static void Follow(FrameChannel channel, ManagedProcess process)
    {
        channel.WaitForClose();
        process.Subscribers.Remove(channel);
    }

    private void StartPump(ManagedProcess process)
    {
        try
        {
            new Thread(() => Run(process), StackBytes).Start();
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            children.KillAll(process.Child);
            Finish(process, children.WaitForExit(process.Child, KillWait) ?? new ChildExit(process.Child.Pid, -1, Libc.SIGKILL));
            throw new AgentFault(AgentErrorCode.ResourceExhausted, "the sandbox has no room for another process");
        }
    }

    private void Run(ManagedProcess process)
    {
        ChildExit exit;
        try
        {
            exit = process.Pump();
        }
        catch (SyscallException e)
        {
            // poll(2) itself failed, for want of memory. Without its pump the process is of no use to anyone.
            AgentLog.Write($"lost the output of process {process.Child.Pid}: {e.Message}");
            children.KillAll(process.Child);
            exit = children.WaitForExit(process.Child, KillWait) ?? new ChildExit(process.Child.Pid, -1, Libc.SIGKILL);
        }

        Finish(process, exit);
    }

    private void Finish(ManagedProcess process, ChildExit exit)
    {
        table.Remove(process, exit);
        process.Subscribers.End(exit);
        process.Io.Dispose();
        process.Child.Dispose();
    }
}
