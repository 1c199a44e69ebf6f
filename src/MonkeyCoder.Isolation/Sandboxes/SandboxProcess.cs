using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>The first process of a sandbox, the agent, as the host sees it. With it ends every process of its pid namespace.</summary>
internal sealed class SandboxProcess : IDisposable
{
    private readonly LaunchedInit _init;

    /// <summary>Takes it over.</summary>
    public SandboxProcess(LaunchedInit init, ExitWatcher exits)
    {
        _init = init;
        Ended = exits.WaitAsync(init.Pidfd);
    }

    /// <summary>Host pid; means this process only while <see cref="Ended"/> has not completed.</summary>
    public int Pid => _init.Pid;

    /// <summary>Stands for the process as long as this object lives.</summary>
    public FileDescriptor Pidfd => _init.Pidfd;

    /// <summary>How it ended; null where it was not a child of this process.</summary>
    public Task<ChildExit?> Ended { get; }

    /// <summary>SIGKILL, and waits until it is gone.</summary>
    /// <param name="thaw">Lets the sandbox go on: a frozen process of cgroup v1 does not die, so it is called after the signal.</param>
    /// <param name="deadline">Ends the waiting.</param>
    public async Task KillAsync(Action thaw, CancellationToken deadline)
    {
        if (Ended.IsCompleted) return;
        _ = Libc.TrySendSignal(_init.Pidfd, Libc.SIGKILL);
        thaw();
        await Ended.WaitAsync(deadline).ConfigureAwait(false);
    }

    public void Dispose() => _init.Dispose();
}
