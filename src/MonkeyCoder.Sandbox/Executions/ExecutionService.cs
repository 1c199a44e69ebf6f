using System.Text;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Runs <c>/sandbox/execute</c>: one cell in a fresh sandbox, or in one that is kept.</summary>
internal sealed class ExecutionService(
    ExecutionSandboxes sandboxes, CodeChecking checks, ICellRunner runner, IOptions<ExecutionOptions> options,
    ILogger<ExecutionService> logger)
{
    private static readonly Dictionary<string, string> NoEnvironment = [];

    /// <summary>Runs the plan. Cancelling interrupts the cell, and removes a sandbox that nobody has seen.</summary>
    public async Task<Result<ExecuteResponse>> RunAsync(Caller caller, ExecutionPlan plan, CancellationToken cancellationToken)
    {
        using var scope = logger.BeginExecution(plan.ExecutionId, caller.Tenant);
        await using var check = checks.Begin(plan, caller.Tenant, cancellationToken);
        if (await check.RefusalAsync().ConfigureAwait(false) is { } refusal) return refusal;
        cancellationToken.ThrowIfCancellationRequested();
        if (!(await RunAllowedAsync(caller, plan, cancellationToken).ConfigureAwait(false)).TryGet(out var response, out var problem)) return problem;
        return response with { CodeChecks = await check.ReportAsync().ConfigureAwait(false) };
    }

    private async Task<Result<ExecuteResponse>> RunAllowedAsync(Caller caller, ExecutionPlan plan, CancellationToken cancellationToken)
    {
        if (plan.SandboxId is { } id)
        {
            if (sandboxes.Find(caller.Tenant, id) is not { } found) return sandboxes.Missing(caller.Tenant, id);
            return await RunInAsync(found, plan, isKept: true, cancellationToken).ConfigureAwait(false);
        }

        var fresh = await sandboxes.CreateAsync(caller, plan, cancellationToken).ConfigureAwait(false);
        var seen = false;
        try
        {
            var response = await RunInAsync(fresh, plan, plan.Keep, cancellationToken).ConfigureAwait(false);
            seen = plan.Keep && !cancellationToken.IsCancellationRequested;
            return response;
        }
        finally
        {
            if (!seen) await sandboxes.RemoveAsync(fresh).ConfigureAwait(false);
        }
    }

    private async Task<Result<ExecuteResponse>> RunInAsync(
        LiveSandbox sandbox, ExecutionPlan plan, bool isKept, CancellationToken cancellationToken)
    {
        using var scope = logger.BeginSandbox(sandbox.Id.Value);
        if (sandbox.Runs.Current is not { } run) return Paused(ExecutionWait.PausedBefore, isKept);
        logger.Started(plan.Language, Encoding.UTF8.GetByteCount(plan.Code));
        var request = new CellRequest(
            sandbox.Contexts.Default(plan.Language), plan.Code, NoEnvironment, plan.Timeout, KernelIsKept: isKept);
        var answer = new ExecutionAnswer(options.Value);
        var cell = new ExecutionCell(runner, sandbox, request, answer);
        var wait = await cell.RunAsync(run, () => sandboxes.Use(sandbox, plan.Timeout), cancellationToken).ConfigureAwait(false);
        if (cancellationToken.IsCancellationRequested) logger.Abandoned();
        cancellationToken.ThrowIfCancellationRequested();
        if (wait != ExecutionWait.Ended)
        {
            logger.CutOff();
            return Paused(wait, isKept);
        }

        var response = answer.Make(plan.ExecutionId);
        logger.Ended(answer.End.Status, answer.End.Reason, response.ResourceUsage.WallSeconds, response.ResourceUsage.CpuSeconds);
        return isKept && !sandbox.Stopping.IsCancellationRequested ? response with { SandboxId = sandbox.Id.Value } : response;
    }
    private static Problem Paused(ExecutionWait wait, bool isKept) => ProblemCatalog.Make(ProblemCodes.SandboxPaused, (wait, isKept) switch
    {
        (_, false) => "The sandbox was paused before its only cell had ended, and has been removed; set keep to keep it.",
        (ExecutionWait.PausedWithin, true) =>
            "The sandbox was paused while the cell ran. The cell goes on when the sandbox is resumed, and its output is lost.",
        _ => null,
    });
}
