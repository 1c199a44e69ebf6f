using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Security.CodeChecks;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Checks the code of executions: before they run where the level is enforce, beside them where it is audit.</summary>
internal sealed class CodeChecking(SecurityManager security, TimeProvider timeProvider)
{
    /// <summary>Begins the check of a plan. Only Python is checked.</summary>
    public CodeCheckRun Begin(ExecutionPlan plan, string tenant, CancellationToken cancellationToken) =>
        plan.CodeChecks == CodeCheckLevel.Off || plan.Language != "python"
            ? CodeCheckRun.None
            : new CodeCheckRun(plan, cancelled => security.ValidateCodeAsync(plan.Code, plan.CodeChecks, tenant, cancelled), timeProvider, cancellationToken);
}

/// <summary>The check of one execution. Disposing it ends a check that nobody waits for any more.</summary>
internal sealed class CodeCheckRun : IAsyncDisposable
{
    private const int MaxNamedFindings = 3;

    /// <summary>How much later than the cell a check may end where it only reports.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly CodeCheckLevel _level;
    private readonly TimeProvider _timeProvider;
    private readonly CancellationTokenSource _over;
    private readonly Task<CodeCheckReport?> _report;

    public CodeCheckRun(
        ExecutionPlan plan, Func<CancellationToken, Task<CodeCheckReport>> check, TimeProvider timeProvider, CancellationToken cancellationToken)
    {
        _level = plan.CodeChecks;
        _timeProvider = timeProvider;
        _over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _report = RunAsync(check, _over.Token);
    }

    private CodeCheckRun()
    {
        _timeProvider = TimeProvider.System;
        _over = new CancellationTokenSource();
        _report = Task.FromResult<CodeCheckReport?>(null);
    }

    /// <summary>No check.</summary>
    public static CodeCheckRun None => new();

    /// <summary>The refusal of code that may not run; null where it may. Waits for the check only where that can be.</summary>
    public async Task<Problem?> RefusalAsync()
    {
        if (_level != CodeCheckLevel.Enforce) return null;
        var report = await _report.ConfigureAwait(false);
        if (report is null || !CodeChecker.IsRefused(report)) return null;
        var errors = report.Findings.Where(static finding => finding.Severity == FindingSeverity.Error).ToArray();
        var named = string.Join("; ", errors.Take(MaxNamedFindings).Select(static finding =>
            $"{finding.Rule} at line {finding.Line}, column {finding.Column}"));
        var more = errors.Length > MaxNamedFindings ? $", and {errors.Length - MaxNamedFindings} more" : "";
        return ProblemCatalog.Make(ProblemCodes.DangerousCode, $"Change the code where it breaks the rules: {named}{more}.") with
        {
            Findings = report.Findings,
        };
    }

    /// <summary>The report for the answer; null where there is no check.</summary>
    public async Task<CodeCheckReport?> ReportAsync()
    {
        try
        {
            return await _report.WaitAsync(Patience, _timeProvider, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return CodeChecker.Limited(_level, "The check took longer than the code itself");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync().ConfigureAwait(false);
        await _report.ConfigureAwait(false);
        _over.Dispose();
    }

    // Never faults: null where the caller has gone.
    private static async Task<CodeCheckReport?> RunAsync(Func<CancellationToken, Task<CodeCheckReport>> check, CancellationToken cancellationToken)
    {
        try
        {
            return await check(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
