using MonkeyCoder.Agent.Confinement;
using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Agent.Files;
using MonkeyCoder.Agent.Kernels;
using MonkeyCoder.Agent.Launching;
using MonkeyCoder.Agent.Processes;
using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent;

/// <summary>
/// PID 1 of a sandbox. Exit codes: 2 bad command line, 3 it cannot protect itself, 4 no listening socket. With
/// <c>--confine FILE</c> it builds its own walls before; with <c>--launch</c> it is no agent, and starts those of other sandboxes;
/// with <c>--zygote LAYER...</c> it becomes a zygote.
/// </summary>
internal static class Program
{
    private const uint FileCreationMask = 0x12; // 022
    private const int ReaperStackBytes = 128 * 1024;

    private static int Main(string[] arguments) => arguments switch
    {
        ["--confine", var plan] => Confine(() => Confiner.Run(plan)),
        // What follows is for whoever looks for the processes of a node.
        ["--launch", ..] => Launcher.Run(),
        ["--zygote", .. { Length: > 0 } layers] => Confine(() => EnterZygote(layers)),
        _ => Serve(arguments),
    };

    private static int EnterZygote(string[] layers)
    {
        ZygoteRoot.Enter(layers);
        return 3;
    }

    private static int Confine(Func<int> confine)
    {
        try
        {
            return confine();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            AgentLog.Write($"cannot confine itself: {e.Message}");
        }

        return 3;
    }

    private static int Serve(string[] arguments)
    {
        AgentOptions options;
        try
        {
            options = AgentOptions.Parse(arguments);
        }
        catch (ArgumentException e)
        {
            AgentLog.Write(e.Message);
            return 2;
        }

        if (!TryProtect()) return 3;
        using var listener = TryListen(options);
        if (listener is null) return 4;
        var settings = new AgentSettings();
        var users = new UserDirectory(options, settings);
        var plan = new ProcessPlan(settings, users);
        var children = new ChildTable(new ProcessStarter(users));
        var directories = new DirectoryMaker(users);
        var pace = new OutputPace(TimeProvider.System);
        var dispatcher = new RequestDispatcher(
            settings,
            new ProcessRequests(plan, children, new ProcessTable(TimeProvider.System), pace, users.SwitchesUsers),
            new FileRequests(settings, users, directories),
            new FileTransfers(settings, users, directories),
            new WatchRequests(settings, users, pace),
            new KernelRequests(options, plan, children, pace));

        new Thread(children.ReapForever, ReaperStackBytes).Start();
        new ConnectionServer(listener, dispatcher).Run();
        AgentLog.Write("the listening socket is gone");
        return 4;
    }

    private static FileDescriptor? TryListen(AgentOptions options)
    {
        FileDescriptor? listener = null;
        try
        {
            if (options.ListenPath is { } path)
            {
                listener = Libc.ListenUnix(path, ConnectionServer.MaxConnections);
                // A socket is there from bind(2) on, and refuses connections until listen(2).
                File.WriteAllBytes(path + AgentProtocol.ListeningSuffix, []);
                return listener;
            }

            listener = new FileDescriptor(AgentProtocol.ListenFileDescriptor);
            Libc.SetCloseOnExec(listener);
            return listener;
        }
        catch (Exception e) when (e is SyscallException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            listener?.Dispose();
            AgentLog.Write($"no listening socket on {options.ListenPath ?? $"descriptor {AgentProtocol.ListenFileDescriptor}"}: {e.Message}");
            return null;
        }
    }

    private static bool TryProtect()
    {
        try
        {
            // Without this, code of the same user could read the agent's memory and take its descriptors.
            Libc.ForbidInspection();
            Libc.ClearAmbientCapabilities();
            if (Libc.ProcessId != 1) Libc.BecomeSubreaper();
        }
        catch (SyscallException e)
        {
            AgentLog.Write($"will not work unprotected: {e.Message}");
            return false;
        }

        Libc.IgnoreSignal(Libc.SIGPIPE);
        Libc.IgnoreSignal(Libc.SIGXFSZ);
        Libc.SetFileCreationMask(FileCreationMask);
        return true;
    }
}
