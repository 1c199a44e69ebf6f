using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Launch;

/// <summary>Starts the first process of a sandbox inside everything that has been prepared for it.</summary>
internal interface ILauncher
{
    /// <summary>Returns once the agent has been started; it may not serve yet.</summary>
    /// <exception cref="SandboxLaunchException">The runtime refused; its own words are in the message.</exception>
    /// <exception cref="SyscallException">It could not be started at all.</exception>
    Task<LaunchedInit> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken);
}

/// <summary>What to launch.</summary>
/// <param name="Id">Name of the container.</param>
/// <param name="BundleDirectory">OCI bundle: holds <c>config.json</c>.</param>
/// <param name="PidFile">Where the runtime leaves the pid.</param>
/// <param name="AgentSocket">Listening socket that becomes fd 3 of the agent; null where the agent makes one itself.</param>
/// <param name="Log">stdout and stderr of the runtime and the agent.</param>
/// <param name="Layers">Directories that the root is made of; one of them has the agent.</param>
internal sealed record LaunchRequest(
    SandboxId Id, string BundleDirectory, string PidFile, FileDescriptor? AgentSocket, LogPipe Log, IReadOnlyList<string> Layers);

/// <summary>The agent's process as the host sees it.</summary>
/// <param name="Pid">Its pid.</param>
/// <param name="Pidfd">Its descriptor.</param>
/// <param name="Socket">The agent's socket as a file, where the agent made it.</param>
internal sealed record LaunchedInit(int Pid, FileDescriptor Pidfd, FileDescriptor? Socket = null) : IDisposable
{
    /// <summary>
    /// Where to connect to the agent; null: at the path of the request. By descriptor: a path could be changed from inside to lead
    /// elsewhere.
    /// </summary>
    public string? SocketPath => Socket is null ? null : $"/proc/self/fd/{Socket.Number}";

    public void Dispose()
    {
        Pidfd.Dispose();
        Socket?.Dispose();
    }
}
