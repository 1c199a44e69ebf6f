using System.Runtime.CompilerServices;
using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.Executions;

/// <inheritdoc cref="ICellRunner"/>
internal sealed class CellRunner(
    CellKernel kernel, IOptions<ExecutionOptions> options, ExecutionMetrics metrics, ILoggerFactory loggers,
    TimeProvider timeProvider) : ICellRunner
{
    private readonly CellSurroundings _surroundings = new(
        kernel, options.Value.InterruptGrace, loggers.CreateLogger(SecurityLog.Category), timeProvider);

    public async IAsyncEnumerable<CellEvent> RunAsync(
        LiveSandbox sandbox, CellRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await request.Context.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        var measured = metrics.Start();
        try
        {
            await using var run = new CellRun(sandbox, request, _surroundings, cancellationToken);
            await foreach (var next in run.ReadAsync().ConfigureAwait(false))
            {
                if (next is CellEnded ended)
                {
                    measured.End(ended.Status);
                    Report(sandbox, ended);
                }

                yield return next;
            }
        }
        finally
        {
            measured.Dispose();
            request.Context.Turn.Release();
        }
    }

    public async Task RestartAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken)
    {
        context.IsRestarting = true;
        try
        {
            await CloseAsync(sandbox, context, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            context.IsRestarting = false;
        }
    }

    public async Task CloseAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken)
    {
        await CellKernel.KillAsync(sandbox, context, cancellationToken).ConfigureAwait(false);
        // A cell that ran sees its kernel's death and gives the turn back.
        await context.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        context.IsOpen = false;
        context.Turn.Release();
    }

    private void Report(LiveSandbox sandbox, CellEnded ended)
    {
        if (ended is { Status: CellStatus.Killed, Reason: { } reason } && FeltLimits.IsLimit(reason))
            _surroundings.Security.LimitReached(sandbox.Id.Value, sandbox.Owner.Tenant, reason);
    }
}
