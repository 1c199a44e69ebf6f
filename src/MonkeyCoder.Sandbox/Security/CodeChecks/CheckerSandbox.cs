using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Security.CodeChecks;

/// <summary>
/// The sandbox in which code is parsed: hostile text never meets a parser in the service. It has small limits and no
/// network, comes from no pool, is launched for the first check, and is replaced when it has died. One check at a time.
/// </summary>
internal sealed class CheckerSandbox(ISandboxEngine engine, ILoggerFactory loggers) : IAsyncDisposable
{
    /// <summary>Name of the driver below <c>templates/base/kernels</c>, and of its context.</summary>
    public const string Driver = "pythoncheck";

    private const long Mebibyte = 1024 * 1024;

    /// <summary>The program that parses may take 64 MiB of it; the rest is for the agent and the driver.</summary>
    private static readonly SandboxSpec Spec = new()
    {
        Profile = SandboxProfile.Strict,
        Limits = new SandboxLimits
        {
            MemoryBytes = 128 * Mebibyte, CpuPercent = 100, DiskBytes = 16 * Mebibyte, Processes = 16, OpenFiles = 64,
        },
    };

    private static readonly Dictionary<string, string> NoEnvironment = [];

    private readonly ILogger _security = loggers.CreateLogger(SecurityLog.Category);
    private readonly SemaphoreSlim _turn = new(1, 1);

    // Both guarded by _turn.
    private ISandbox? _sandbox;
    private bool _disposed;

    /// <summary>What the driver says about the code: untrusted bytes, at most as long as the driver's largest message.</summary>
    /// <exception cref="CheckerException">No answer is to be had.</exception>
    public async Task<ReadOnlyMemory<byte>> RunAsync(string code, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            // One that died while nobody looked is not this code's fault: a new one takes it.
            var isOld = _sandbox is not null;
            try
            {
                return await RunOnceAsync(code, cancellationToken).ConfigureAwait(false);
            }
            catch (CheckerException) when (isOld)
            {
                return await RunOnceAsync(code, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed) return;
        // Requests are over by now, and with them the checks.
        await _turn.WaitAsync().ConfigureAwait(false);
        _disposed = true;
        if (_sandbox is not null) await _sandbox.DisposeAsync().ConfigureAwait(false);
        _sandbox = null;
        _turn.Dispose();
    }

    // Caller holds _turn.
    private async Task<ReadOnlyMemory<byte>> RunOnceAsync(string code, CancellationToken cancellationToken)
    {
        try
        {
            _sandbox ??= await LaunchAsync(cancellationToken).ConfigureAwait(false);
            return await AskAsync(_sandbox.Agent, code, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // Whatever it was, the next check begins with a new sandbox. A check that is cancelled is no reason for one:
            // the agent ends it, or kills a driver that does not obey.
            _security.CheckerReplaced(exception.GetType().Name);
            if (_sandbox is not null) await _sandbox.DisposeAsync().ConfigureAwait(false);
            _sandbox = null;
            throw exception as CheckerException ?? new CheckerException("The checker's sandbox failed.", exception);
        }
    }

    private async Task<ISandbox> LaunchAsync(CancellationToken cancellationToken)
    {
        ISandbox? sandbox = null;
        try
        {
            sandbox = await engine.AcquireAsync(Spec, cancellationToken).ConfigureAwait(false);
            await sandbox.Agent.OpenKernelAsync(
                new KernelOpenRequest(Driver, Driver, WorkingDirectory: null, User: null), cancellationToken).ConfigureAwait(false);
            var ready = sandbox;
            sandbox = null;
            return ready;
        }
        finally
        {
            if (sandbox is not null) await sandbox.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> AskAsync(ISandboxAgent agent, string code, CancellationToken cancellationToken)
    {
        var stream = await agent
            .ExecuteAsync(new KernelExecuteRequest(Driver, code, NoEnvironment), cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            ReadOnlyMemory<byte>? answer = null;
            await foreach (var output in stream.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                switch (output)
                {
                    case CellMessage { Kind: "findings" } message:
                        answer = message.Body;
                        break;
                    case CellIdle when answer is { } body:
                        return body;
                    case CellChunk:
                        break;
                    default:
                        throw new CheckerException($"The checker answered with {output.GetType().Name}.");
                }
            }

            throw new CheckerException("The checker did not answer.");
        }
    }
}

/// <summary>The checker gave no answer.</summary>
internal sealed class CheckerException(string message, Exception? inner = null) : Exception(message, inner);
