using System.Globalization;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Launch;

/// <summary>
/// <c>runsc run --detach</c>: gVisor. It hands no descriptors on, so the agent makes its socket in a directory of the host, and the
/// node opens it there before anything else runs inside.
/// </summary>
internal sealed class RunscLauncher(string runtimePath, string platform, EnginePaths paths, ExitWatcher exits) : ILauncher
{
    private static readonly string[] Environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"];

    public async Task<LaunchedInit> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken)
    {
        var directory = paths.AgentDirectory(request.Id);
        using var listens = new FileSystemWatcher(directory, "*" + AgentProtocol.ListeningSuffix);
        var made = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        listens.Created += (_, _) => made.TrySetResult();
        listens.EnableRaisingEvents = true;

        using var runtime = Start(request);
        request.Log.Writer.Dispose();
        var ended = exits.WaitAsync(runtime);
        ChildExit? exit;
        await using (cancellationToken.UnsafeRegister(static pidfd => Libc.TrySendSignal((FileDescriptor)pidfd!, Libc.SIGKILL), runtime))
            exit = await ended.ConfigureAwait(false);

        cancellationToken.ThrowIfCancellationRequested();
        if (exit is not { ExitCode: 0 })
            throw new SandboxLaunchException($"{runtimePath} could not start sandbox {request.Id}: {request.Log.Tail}");

        // As with runc: a child of ours by now, because the node is a subreaper.
        var pid = int.Parse(File.ReadAllText(request.PidFile), CultureInfo.InvariantCulture);
        await made.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
#pragma warning disable CA2000 // Both go to the caller inside the record.
        return new LaunchedInit(pid, Libc.OpenPidfd(pid), OpenSocket(Path.Combine(directory, Path.GetFileName(paths.AgentSocket(request.Id)))));
#pragma warning restore CA2000
    }

    private static FileDescriptor OpenSocket(string path)
    {
        var socket = Libc.OpenPlace(path);
        if (Libc.Status(socket).Kind == FileKind.Socket) return socket;
        socket.Dispose();
        throw new SandboxLaunchException($"{path} was made, and is no socket.");
    }

    private FileDescriptor Start(LaunchRequest request)
    {
        var (stdin, stdinWriter) = Libc.Pipe();
        using (stdin)
        {
            stdinWriter.Dispose();
            var pid = Libc.Spawn(new SpawnRequest
            {
                Path = runtimePath,
                Arguments =
                [
                    // A directory for each: what the runtime leaves is found by its sandbox.
                    runtimePath, "--root", paths.RuntimeDirectory(request.Id), "--platform", platform, "--network", "none",
                    "--host-uds", "create", "run", "--detach", "--bundle", request.BundleDirectory, "--pid-file", request.PidFile,
                    request.Id.Value,
                ],
                Environment = Environment,
                WorkingDirectory = "/",
                Descriptors = [new(stdin, 0), new(request.Log.Writer, 1), new(request.Log.Writer, 2)],
            });
            return Libc.OpenPidfd(pid);
        }
    }
}
