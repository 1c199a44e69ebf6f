using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// Ends a cell that runs too long or whose caller has gone: interrupt, once more after a second, the kernel's death
/// after the grace, and giving up on the stream after another one. It runs beside the reading, so that a caller who
/// does not read cannot stop the clock.
/// </summary>
internal sealed class CellDeadline : IAsyncDisposable
{
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(1);

    private readonly ISandboxAgent _agent;
    private readonly string _contextId;
    private readonly TimeSpan _grace;
    private readonly TimeProvider _timeProvider;
    private readonly CancellationTokenSource _cancel;
    private readonly CancellationTokenSource _over = new();
    private readonly CancellationTokenSource _abandon = new();
    private readonly TaskCompletionSource _armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _run;

    // A CellStatus; 0 (Completed) as long as nothing has happened.
    private int _cause;

    /// <summary>Watches the caller; the clock starts with <see cref="Arm"/>.</summary>
    /// <param name="agent">Where the kernel is.</param>
    /// <param name="request">The cell.</param>
    /// <param name="grace">Time between interrupt and kill, at least a second.</param>
    /// <param name="timeProvider">Clock of the sandbox, which stands still while that is paused.</param>
    /// <param name="caller">Cancelled: the caller has gone.</param>
    public CellDeadline(
        ISandboxAgent agent, CellRequest request, TimeSpan grace, TimeProvider timeProvider, CancellationToken caller)
    {
        _agent = agent;
        _contextId = request.Context.Id;
        _grace = grace;
        _timeProvider = timeProvider;
        _cancel = CancellationTokenSource.CreateLinkedTokenSource(caller);
        _run = RunAsync(request.Timeout ?? System.Threading.Timeout.InfiniteTimeSpan, request.KernelIsKept);
    }

    /// <summary>What ended the cell's time: <see cref="CellStatus.Timeout"/>, <see cref="CellStatus.Cancelled"/>, or null as long as nothing has.</summary>
    public CellStatus? Cause => (CellStatus)Volatile.Read(ref _cause) is { } cause and not CellStatus.Completed ? cause : null;

    /// <summary>Cancelled when reading on has no sense: even the kernel's death was not answered.</summary>
    public CancellationToken Abandoned => _abandon.Token;

    /// <summary>The kernel takes the cell now: the clock starts.</summary>
    public void Arm() => _armed.TrySetResult();

    /// <summary>The caller has left: the same as its token.</summary>
    public void Cancel() => _cancel.Cancel();

    /// <summary>Stops the clock; the cell is over.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync().ConfigureAwait(false);
        await _run.ConfigureAwait(false);
        _cancel.Dispose();
        _over.Dispose();
        _abandon.Dispose();
    }

    private async Task RunAsync(TimeSpan timeout, bool kernelIsKept)
    {
        try
        {
            await WaitAsync(timeout).ConfigureAwait(false);
            Volatile.Write(ref _cause, (int)(_cancel.IsCancellationRequested ? CellStatus.Cancelled : CellStatus.Timeout));
            if (_cancel.IsCancellationRequested && !(kernelIsKept && _armed.Task.IsCompleted))
            {
                await _abandon.CancelAsync().ConfigureAwait(false);
                return;
            }

            await TryAsync(_agent.InterruptKernelAsync).ConfigureAwait(false);
            await DelayAsync(Repeat).ConfigureAwait(false);
            // An interrupt that came before the driver had read the cell was lost.
            await TryAsync(_agent.InterruptKernelAsync).ConfigureAwait(false);
            await DelayAsync(_grace - Repeat).ConfigureAwait(false);
            await TryAsync(_agent.CloseKernelAsync).ConfigureAwait(false);
            await DelayAsync(_grace).ConfigureAwait(false);
            await _abandon.CancelAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_over.IsCancellationRequested)
        {
            // The cell ended first.
        }
    }

    private async Task WaitAsync(TimeSpan timeout)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_cancel.Token, _over.Token);
        try
        {
            await _armed.Task.WaitAsync(either.Token).ConfigureAwait(false);
            await Task.Delay(timeout, _timeProvider, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!_over.IsCancellationRequested)
        {
            // The caller has gone.
        }
    }

    private Task DelayAsync(TimeSpan time) => Task.Delay(time, _timeProvider, _over.Token);

    // Each step is bounded, and its failure only means that the next one is due.
    private async Task TryAsync(Func<string, CancellationToken, Task> step)
    {
        using var bound = new CancellationTokenSource(_grace, _timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, _over.Token);
        try
        {
            await step(_contextId, either.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (
            exception is AgentException or IOException || (exception is OperationCanceledException && !_over.IsCancellationRequested))
        {
            // The kernel or the sandbox is gone, or does not answer.
        }
    }
}
