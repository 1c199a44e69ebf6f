using System.Runtime.ExceptionServices;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Confinement;

/// <summary>
/// Starts the agent as a child of this process, which becomes its gatekeeper. It is the parent of all in the sandbox, which it has to
/// be in order to read what they ask for (Yama), and ends with the agent and as the agent ended.
/// </summary>
internal static class GuardedAgent
{
    private const int SpawnerStackBytes = 256 * 1024;

    /// <summary>Returns the exit code of the agent.</summary>
    /// <param name="plan">What has been done to this process but for the filter.</param>
    /// <param name="processes"><c>/proc</c> of the host.</param>
    /// <param name="local">What its connections come from.</param>
    /// <exception cref="SyscallException">The agent could not be started.</exception>
    public static int Run(ConfinePlan plan, FileDescriptor processes, LocalPorts local)
    {
        // Code of the same user must not read its memory, nor take its descriptors.
        Libc.ForbidInspection();
        Libc.IgnoreSignal(Libc.SIGPIPE);
        using var started = Start(plan);
        // The threads of the runtime, which take no part, stay without.
        Libc.InstallFilter(plan.GateFilter.Span);
        using (var agent = Libc.OpenPidfd(started.Pid))
            new Gatekeeper(started.Listener, processes, plan.GatePort, plan.GateSecret, local).Run(agent);
        var exit = Libc.WaitChild(started.Pid, keep: false);
        // The node asks how the agent ended, and this is what it sees of it.
        if (exit is { Signal: not 0 and var signal }) _ = Libc.TryKill(Libc.ProcessId, signal);
        return exit?.ExitCode ?? 0;
    }

    /// <summary>Confines a thread of its own and starts the agent from it: walls are those of threads, and children inherit them.</summary>
    private static Started Start(ConfinePlan plan)
    {
        Started? started = null;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(
            () =>
            {
                try
                {
                    started = StartConfined(plan);
                }
#pragma warning disable CA1031 // It goes on in the thread that waits.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    failure = ExceptionDispatchInfo.Capture(e);
                }
            },
            SpawnerStackBytes);
        thread.Start();
        thread.Join();
        failure?.Throw();
        return started!;
    }

    private static Started StartConfined(ConfinePlan plan)
    {
        using (var rules = Libc.CreateLandlockTcpRuleset()) Libc.RestrictSelf(rules);
        FileDescriptor[] inherited = [.. Enumerable.Range(0, AgentProtocol.ListenFileDescriptor + 1).Select(static number => new FileDescriptor(number))];
        FileDescriptor? listener = null;
        try
        {
            listener = Libc.InstallNotifyingFilter(plan.Filter.Span);
            var pid = Libc.Spawn(new SpawnRequest
            {
                Path = plan.Program,
                Arguments = [plan.Program],
                Environment = plan.Environment,
                WorkingDirectory = "/",
                Descriptors = [.. inherited.Select(static (descriptor, target) => new DescriptorMapping(descriptor, target))],
            });
            return new Started(pid, listener);
        }
        catch
        {
            listener?.Dispose();
            throw;
        }
        finally
        {
            // Only the agent has its socket from here on: when it is gone, connecting is refused.
            inherited[AgentProtocol.ListenFileDescriptor].Dispose();
            foreach (var descriptor in inherited) descriptor.SetHandleAsInvalid();
        }
    }

    private sealed record Started(int Pid, FileDescriptor Listener) : IDisposable
    {
        public void Dispose() => Listener.Dispose();
    }
}
