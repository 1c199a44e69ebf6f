using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.CodeInterpreter;

/// <summary>Whom a cell's events go to, until it leaves, or is cut off because the sandbox is paused.</summary>
internal sealed class CellClient : IDisposable
{
    private readonly HttpContext _context;
    private readonly SandboxRun? _run;
    private readonly LiveSandbox _sandbox;
    private readonly CancellationTokenSource _left = new();
    private readonly CancellationTokenRegistration _aborted;
    private volatile bool _hasBegun;

    public CellClient(HttpContext context, LiveSandbox sandbox)
    {
        _context = context;
        _sandbox = sandbox;
        _run = sandbox.Runs.Current;
        _aborted = context.RequestAborted.UnsafeRegister(static me => ((CellClient)me!).OnAborted(), this);
    }

    /// <summary>Cancelled when nobody wants the cell any more.</summary>
    public CancellationToken Left => _left.Token;

    private bool IsCutOff => _run is { Ended.IsCancellationRequested: true } && !_sandbox.Stopping.IsCancellationRequested;

    /// <summary>Something of the cell has come: writes it to the client, where there is one.</summary>
    public ValueTask TellAsync(Func<ValueTask> write)
    {
        _hasBegun = true;
        return KeepAsync(write);
    }

    /// <summary>Nothing of the cell has come: says so to the client, where there is one.</summary>
    public async ValueTask KeepAsync(Func<ValueTask> write)
    {
        if (IsCutOff) return;
        try
        {
            await write().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_context.RequestAborted.IsCancellationRequested && IsCutOff)
        {
            // In the middle of a word.
        }
    }

    public void Dispose()
    {
        _aborted.Dispose();
        _left.Dispose();
    }

    private void OnAborted()
    {
        // One that waits for its turn has done nothing yet, and its client will ask for it again.
        if (!IsCutOff || !_hasBegun) _left.Cancel();
    }
}
