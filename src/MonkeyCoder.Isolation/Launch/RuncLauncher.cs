using System.Globalization;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Launch;

/// <summary>
/// <c>runc run --detach</c>. Its other commands are never used: what runs in a sandbox is started by the agent, and what
/// a sandbox leaves is removed by <see cref="Reclaim.SandboxRemains"/>.
/// </summary>
internal sealed class RuncLauncher(string runtimePath, string stateRoot, ExitWatcher exits) : ILauncher
{
    // Found through PATH by the hooks only; nothing of the node's environment is handed on.
    private static readonly string[] Environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"];

    public async Task<LaunchedInit> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken)
    {
        using var runtime = Start(request);
        request.Log.Writer.Dispose();
        var ended = exits.WaitAsync(runtime);

        ChildExit? exit;
        await using (cancellationToken.UnsafeRegister(static pidfd => Libc.TrySendSignal((FileDescriptor)pidfd!, Libc.SIGKILL), runtime))
            exit = await ended.ConfigureAwait(false);

        cancellationToken.ThrowIfCancellationRequested();
        if (exit is not { ExitCode: 0 })
            throw new SandboxLaunchException($"{runtimePath} could not start sandbox {request.Id}: {request.Log.Tail}");

        var pid = int.Parse(File.ReadAllText(request.PidFile), CultureInfo.InvariantCulture);
        // The node is a subreaper: the runtime has ended, so the agent is a child of ours, and its pid is not reused
        // before we reap it.
#pragma warning disable CA2000 // It goes to the caller inside the record.
        return new LaunchedInit(pid, Libc.OpenPidfd(pid));
#pragma warning restore CA2000
    }

    private FileDescriptor Start(LaunchRequest request)
    {
        // A pipe at its end, not the host's /dev/null: runtimes have changed the owner of what they get as stdio.
        var (stdin, stdinWriter) = Libc.Pipe();
        using (stdin)
        {
            stdinWriter.Dispose();
            var pid = Libc.Spawn(new SpawnRequest
            {
                Path = runtimePath,
                Arguments =
                [
                    runtimePath, "--root", stateRoot, "run", "--detach", "--bundle", request.BundleDirectory,
                    "--pid-file", request.PidFile, "--preserve-fds", "1", request.Id.Value,
                ],
                Environment = Environment,
                WorkingDirectory = "/",
                Descriptors =
                [
                    new(stdin, 0), new(request.Log.Writer, 1), new(request.Log.Writer, 2), new(request.AgentSocket!, 3),
                ],
            });
            return Libc.OpenPidfd(pid);
        }
    }
}
