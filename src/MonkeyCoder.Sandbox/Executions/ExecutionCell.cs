using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>How the waiting for a cell of <c>/sandbox/execute</c> ended.</summary>
internal enum ExecutionWait
{
    /// <summary>The cell has ended, and its answer is whole.</summary>
    Ended,

    /// <summary>The sandbox was paused before anything came of the cell, which has been given up.</summary>
    PausedBefore,

    /// <summary>The sandbox was paused under the cell, which goes on when it is resumed.</summary>
    PausedWithin,
}

/// <summary>
/// One cell of <c>/sandbox/execute</c>, for a caller who waits for it until it ends or its sandbox is paused, which may last for a day.
/// Then one that has begun goes on with the sandbox, and nobody listens to it; it ends with the sandbox at the latest.
/// </summary>
internal sealed class ExecutionCell(ICellRunner runner, LiveSandbox sandbox, CellRequest request, ExecutionAnswer answer)
{
    private volatile bool _hasBegun;
    private volatile bool _isCutOff;

    /// <summary>Cancelled when nobody wants the cell any more. Never disposed: the cell may outlive its caller, and it holds no timer.</summary>
    private CancellationTokenSource Left { get; } = new();

    /// <summary>Cancelling interrupts the cell.</summary>
    /// <param name="run">What the cell runs in.</param>
    /// <param name="use">Begins the use of the sandbox. It is disposed when nothing of the cell runs any more, which may be later.</param>
    /// <param name="cancellationToken">The caller's.</param>
    /// <exception cref="KernelStartException">The kernel did not start; nothing ran.</exception>
    public async Task<ExecutionWait> RunAsync(SandboxRun run, Func<IDisposable?> use, CancellationToken cancellationToken)
    {
        await using var aborted = cancellationToken.UnsafeRegister(static left => ((CancellationTokenSource)left!).Cancel(), Left)
            .ConfigureAwait(false);
        var cell = ReadAsync(use);
        await cell.WaitAsync(run.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // A run ends with its sandbox too; the cell then ends by itself, and says why.
        if (cell.IsCompleted || sandbox.Stopping.IsCancellationRequested)
        {
            await cell.ConfigureAwait(false);
            return ExecutionWait.Ended;
        }

        _isCutOff = true;
        _ = ForgetAsync(cell);
        if (_hasBegun) return ExecutionWait.PausedWithin;
        await Left.CancelAsync().ConfigureAwait(false);
        return ExecutionWait.PausedBefore;
    }

    private async Task ReadAsync(Func<IDisposable?> use)
    {
        using var held = use();
        using var activity = sandbox.Activity.Enter();
        await foreach (var next in runner.RunAsync(sandbox, request, Left.Token).ConfigureAwait(false))
        {
            _hasBegun = true;
            if (!_isCutOff) answer.Take(next);
        }
    }

    /// <summary>However it ends, its caller has had an answer.</summary>
    private static async Task ForgetAsync(Task cell) => await cell.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
