using System.Globalization;
using System.Net.Sockets;
using System.Text;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Zygotes;

/// <summary>
/// A process that has imported what Python kernels want, in the root of a template and outside all sandboxes, and forks kernels
/// into them. No code of a tenant ever runs in it. Its side of the protocol: <c>templates/base/kernels/python/monkeycoder_kernel/zygote.py</c>.
/// </summary>
/// <remarks>It ends with the node: whoever holds the other end of its socket is gone then.</remarks>
internal sealed class Zygote : IAsyncDisposable
{
    /// <summary>Forks after which another takes its place: forks share the secret that their hashes are made with, and their addresses.</summary>
    public const int MostForks = 1024;

    private const int ControlDescriptor = 3;
    private const int AnswerBytes = 128;

    /// <summary>From its start to its first word. Importing takes about a second of CPU.</summary>
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);

    /// <summary>For one fork, which takes milliseconds. It works for one sandbox at a time, so a later answer is of no use to anybody.</summary>
    private static readonly TimeSpan ForkTimeout = TimeSpan.FromSeconds(5);

    // As a kernel of the pool has them: it is started before its sandbox belongs to somebody with variables of their own.
    private static readonly string[] Environment =
        [$"PATH={OciDefaults.SearchPath}", $"HOME={SandboxUser.Home}", "USER=user", "LOGNAME=user"];

    private readonly FileDescriptor _control;
    private readonly Socket _answers;
    private readonly FileDescriptor _pidfd;
    private readonly LogPipe _log;
    private readonly TimeProvider _time;
#pragma warning disable CA2213 // It holds nothing, and a fork may just be waiting for it.
    private readonly SemaphoreSlim _turn = new(1);
#pragma warning restore CA2213
    private readonly TaskCompletionSource _spent = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _forks; // under _turn
    private int _disposed;

    private Zygote(int pid, FileDescriptor control, LogPipe log, ExitWatcher exits, TimeProvider time)
    {
        Pid = pid;
        _control = control;
#pragma warning disable CA2000 // The socket owns it.
        _answers = new Socket(new SafeSocketHandle(Libc.DuplicateAtLeast(control, 0).Surrender(), ownsHandle: true));
#pragma warning restore CA2000
        _log = log;
        _time = time;
        _pidfd = Libc.OpenPidfd(pid);
        Ended = exits.WaitAsync(_pidfd);
    }

    /// <summary>Host pid; means this process only while <see cref="Ended"/> has not completed.</summary>
    public int Pid { get; }

    /// <summary>Completes when it has ended, however.</summary>
    public Task<ChildExit?> Ended { get; }

    /// <summary>Completes when it has forked <see cref="MostForks"/> kernels. It can fork more.</summary>
    public Task Spent => _spent.Task;

    /// <summary>What it has written to its stdout and stderr.</summary>
    public string LastWords => _log.Tail;

    /// <summary>Starts one and waits until it can fork.</summary>
    /// <param name="template">Its root: the layers of the template.</param>
    /// <param name="group">Group it is put into; exists.</param>
    /// <param name="node">Shared parts.</param>
    /// <param name="cancellationToken">Ends the wait, and the process.</param>
    /// <exception cref="ZygoteException">It did not come up; says its last words.</exception>
    /// <exception cref="SyscallException">It could not be started.</exception>
    public static async Task<Zygote> StartAsync(TemplateLayers template, string group, EngineNode node, CancellationToken cancellationToken)
    {
        var (ours, theirs) = Libc.MessageSocketPair();
#pragma warning disable CA2000 // The zygote owns it.
        var log = new LogPipe(node.Events);
#pragma warning restore CA2000
        Zygote zygote;
        using (theirs)
        {
            try
            {
                var agent = template.Layers[0] + OciDefaults.Agent;
                var pid = Libc.Spawn(new SpawnRequest
                {
                    Path = agent,
                    Arguments = [agent, "--zygote", .. template.Layers],
                    Environment = Environment,
                    WorkingDirectory = "/",
                    Descriptors = [new(log.Writer, 1), new(log.Writer, 2), new(theirs, ControlDescriptor)],
                });
                zygote = new Zygote(pid, ours, log, node.Exits, node.Time);
            }
            catch
            {
                ours.Dispose();
                log.Dispose();
                throw;
            }
            finally
            {
                log.Writer.Dispose();
            }
        }

        try
        {
            zygote.Confine(node.Cgroups.ProcessFiles(group));
            var word = await zygote.ReadAnswerAsync(StartTimeout, cancellationToken).ConfigureAwait(false);
            return word == "ready" ? zygote : throw new ZygoteException($"A zygote ended before it was ready: {zygote.LastWords}");
        }
        catch
        {
            await zygote.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Forks a kernel. What becomes of it is told on the plan's socket.</summary>
    /// <param name="descriptors">As the zygote expects them; they stay the caller's.</param>
    /// <param name="cancellationToken">Ends the wait for others' forks; one that has begun is waited for.</param>
    /// <exception cref="ZygoteException">It cannot.</exception>
    public async Task ForkAsync(IReadOnlyList<FileDescriptor> descriptors, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_disposed != 0 || Libc.TrySendMessage(_control, "fork"u8, [.. descriptors.Select(static one => one.Number)]) != 0)
                throw new ZygoteException("The zygote takes no requests.");
            GC.KeepAlive(descriptors);
            if (++_forks >= MostForks) _spent.TrySetResult();
            var answer = await ReadAnswerAsync(ForkTimeout, CancellationToken.None).ConfigureAwait(false);
            if (answer != "ok") throw new ZygoteException($"The zygote answers '{answer}'. {LastWords}");
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends it and waits for its end. Kernels that it has forked live on.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        // A fork that is on its way is let go first.
        var mine = await _turn.WaitAsync(ForkTimeout).ConfigureAwait(false);
        Kill();
        // Those who waited for their fork learn that there will be none.
        if (mine) _turn.Release();
        await ((Task)Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _control.Dispose();
        _answers.Dispose();
        _log.Dispose();
        _pidfd.Dispose();
    }

    private void Kill() => _ = Libc.TrySendSignal(_pidfd, Libc.SIGKILL);

    private void Confine(IReadOnlyList<string> groupFiles)
    {
        var number = Pid.ToString(CultureInfo.InvariantCulture);
        foreach (var file in groupFiles) CgroupFile.Write(file, Pid);
        // Inherited by its forks, also as the lowest that they can set.
        CgroupFile.Write($"/proc/{number}/oom_score_adj", OciDefaults.AgentOomScore);
    }

    private async Task<string> ReadAnswerAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var buffer = new byte[AnswerBytes];
        try
        {
            var count = await _answers.ReceiveAsync(buffer, either.Token).ConfigureAwait(false);
            return Encoding.UTF8.GetString(buffer, 0, count);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException || e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Whatever it answers later would be taken for the answer to something else.
            Kill();
            throw new ZygoteException($"The zygote does not answer. {LastWords}", e);
        }
    }
}
