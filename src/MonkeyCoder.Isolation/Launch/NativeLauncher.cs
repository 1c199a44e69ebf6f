using System.Runtime.InteropServices;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Launch;

/// <summary>
/// The node's own launcher: a helper process (<c>monkey-agent --launch</c>) that clones a process into new namespaces for each
/// <see cref="LaunchPlan"/>. It ends with its socket, so with the node, and is started again where it has died.
/// </summary>
/// <param name="stateRoot">Stands in the command line of the helper, where a next start looks for what was launching.</param>
/// <param name="loop">Waits for the new processes to execute the agent.</param>
/// <param name="exits">Reaps.</param>
/// <param name="kill">Ends whatever runs in the groups of a sandbox.</param>
internal sealed class NativeLauncher(string stateRoot, EventLoop loop, ExitWatcher exits, Func<SandboxId, CancellationToken, Task> kill)
    : ILauncher, IAsyncDisposable
{
    /// <summary>Name of the plan in the bundle directory.</summary>
    public const string PlanFile = "launch";

    private const int AnswerBytes = 4096;
    private const int Attempts = 2;

    // It clones and writes some files of the kernel: what takes this long hangs.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _turn = new(1);
    private Helper? _helper; // in turn
    private volatile bool _disposed;

    public async Task<LaunchedInit> LaunchAsync(LaunchRequest request, CancellationToken cancellationToken)
    {
        var plan = File.ReadAllBytes(Path.Combine(request.BundleDirectory, PlanFile));
        var (pid, pidfd, status) = await StartAsync(request, plan, cancellationToken).ConfigureAwait(false);
        request.Log.Writer.Dispose();
        try
        {
            using (status)
            await using (cancellationToken.UnsafeRegister(static process => Libc.TrySendSignal((FileDescriptor)process!, Libc.SIGKILL), pidfd))
            {
                if (await AwaitExecAsync(status).ConfigureAwait(false) is { } failure)
                {
                    var reader = new WireReader(plan);
                    throw new SandboxLaunchException(
                        $"Sandbox {request.Id} could not be started: {ContainerProgram.Describe(LaunchPlan.Read(ref reader), failure.Call)}: {ErrnoName.Describe(failure.Errno)}");
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            return new LaunchedInit(pid, pidfd);
        }
        catch
        {
            _ = Libc.TrySendSignal(pidfd, Libc.SIGKILL);
            await exits.WaitAsync(pidfd).ConfigureAwait(false);
            pidfd.Dispose();
            throw;
        }
    }

    /// <summary>Ends the helper.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        await _turn.WaitAsync().ConfigureAwait(false);
        _disposed = true;
        if (_helper is { } helper) await helper.DisposeAsync().ConfigureAwait(false);
        _helper = null;
        _turn.Dispose();
    }

    private async Task<(int Pid, FileDescriptor Pidfd, FileDescriptor Status)> StartAsync(LaunchRequest request, byte[] plan, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                _helper ??= Start(request.Layers);
                if (TryStart(_helper, request, plan) is { } started) return started;
                // It has died or hangs. What it may have started waits for a word of its, and ends without; or is in its groups.
                await _helper.DisposeAsync().ConfigureAwait(false);
                _helper = null;
                await kill(request.Id, cancellationToken).ConfigureAwait(false);
                if (attempt == Attempts) throw new SandboxLaunchException($"The launcher does not answer, so sandbox {request.Id} could not be started.");
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private static (int Pid, FileDescriptor Pidfd, FileDescriptor Status)? TryStart(Helper helper, LaunchRequest request, byte[] plan)
    {
        // A pipe at its end, not the host's /dev/null: whoever gets it can do nothing to the host's.
        var (stdin, stdinWriter) = Libc.Pipe();
        using var stdinEnd = stdin;
        stdinWriter.Dispose();
        if (Libc.TrySendMessage(helper.Control, plan, [stdin.Number, request.Log.Writer.Number, request.AgentSocket!.Number]) != 0) return null;
        Span<byte> answer = stackalloc byte[AnswerBytes];
        var length = Libc.TryReceiveMessage(helper.Control, answer, out var descriptors);
        if (length <= 0) return null;
        var reader = new WireReader(answer[..length]);
        var (pid, failure) = LaunchAnswer.Read(ref reader);
        if (descriptors is [var pidfd, var status]) return (pid, pidfd, status);
        throw new SandboxLaunchException($"Sandbox {request.Id} could not be started: {failure}");
    }

    private Helper Start(IReadOnlyList<string> layers)
    {
        var program = layers.Select(static layer => layer + OciDefaults.Agent).First(File.Exists);
        var (ours, theirs) = Libc.MessageSocketPair();
        using var theirEnd = theirs;
        try
        {
            Libc.SetReceiveTimeout(ours, AnswerTimeout);
            var pid = Libc.Spawn(new SpawnRequest
            {
                Path = program,
                Arguments = [program, "--launch", "--root", stateRoot],
                WorkingDirectory = "/",
                Descriptors = [new(theirs, LaunchPlan.ControlFileDescriptor)],
            });
#pragma warning disable CA2000 // The helper owns it.
            return new Helper(ours, Libc.OpenPidfd(pid), exits);
#pragma warning restore CA2000
        }
        catch
        {
            ours.Dispose();
            throw;
        }
    }

    /// <summary>Null once the agent has been executed; else the call that failed.</summary>
    private Task<(int Call, int Errno)?> AwaitExecAsync(FileDescriptor status)
    {
        var done = new TaskCompletionSource<(int Call, int Errno)?>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Add(status, key =>
        {
            loop.Remove(key);
            Span<byte> failure = stackalloc byte[Libc.StatusBytes];
            done.TrySetResult(Libc.TryRead(status, failure) == Libc.StatusBytes
                ? (MemoryMarshal.Read<int>(failure), MemoryMarshal.Read<int>(failure[sizeof(int)..]))
                : null);
        });
        return done.Task;
    }

    /// <summary>The helper process.</summary>
    private sealed class Helper(FileDescriptor control, FileDescriptor process, ExitWatcher exits) : IAsyncDisposable
    {
        private readonly Task _ended = exits.WaitAsync(process);

        public FileDescriptor Control => control;

        public async ValueTask DisposeAsync()
        {
            control.Dispose();
            // One that hangs does not see the end of its socket.
            _ = Libc.TrySendSignal(process, Libc.SIGKILL);
            await _ended.ConfigureAwait(false);
            process.Dispose();
        }
    }
}
