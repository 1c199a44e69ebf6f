using System.Text;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Sandbox.Security.CodeChecks;

/// <summary>
/// Checks Python code. It always has an answer: where the check itself fails, that is a finding of the rule
/// <see cref="LimitRule"/>, so that who enforces is told no and not yes.
/// </summary>
internal sealed class CodeChecker(
    CheckerSandbox sandbox, IOptions<SecurityOptions> options, ILoggerFactory loggers, TimeProvider timeProvider)
{
    /// <summary>Rule of a check that did not come to its end.</summary>
    public const string LimitRule = "validator-limit";

    private const int MaxSourceBytes = 1024 * 1024;

    // Each tenant has one check under way at most, so that one with slow code delays another by one check. Tenants that
    // share a place wait for each other.
    private const int Places = 64;

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(10);

    private readonly ILogger _security = loggers.CreateLogger(SecurityLog.Category);
    private readonly SemaphoreSlim[] _places = [.. Enumerable.Range(0, Places).Select(static _ => new SemaphoreSlim(1, 1))];

    /// <summary>The level that applies: a request raises the operator's, and never lowers it.</summary>
    public CodeCheckLevel LevelFor(CodeCheckLevel? asked) =>
        asked is { } level && level > options.Value.CodeChecks ? level : options.Value.CodeChecks;

    /// <summary>Whether code with these findings is refused.</summary>
    public static bool IsRefused(CodeCheckReport report) =>
        report.Policy == CodeCheckLevel.Enforce && report.Findings.Any(static finding => finding.Severity == FindingSeverity.Error);

    /// <summary>
    /// Looks for imports and calls that code for a sandbox seldom needs, with Python's own parser in a sandbox. Each
    /// finding is a security event. Where the check itself fails, that is a finding.
    /// </summary>
    /// <param name="code">Python.</param>
    /// <param name="level">From <see cref="LevelFor"/>; not off.</param>
    /// <param name="tenant">Who sent it.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    /// <exception cref="OperationCanceledException">The caller has gone.</exception>
    public async Task<CodeCheckReport> CheckAsync(
        string code, CodeCheckLevel level, string tenant, CancellationToken cancellationToken)
    {
        var report = await LookAsync(code, level, tenant, cancellationToken).ConfigureAwait(false);
        foreach (var finding in report.Findings)
            _security.CodeFinding(finding.Rule, finding.Severity, finding.Line, finding.Column, level, tenant);
        return report;
    }

    /// <summary>The report of a check that did not come to its end.</summary>
    public static CodeCheckReport Limited(CodeCheckLevel level, string what) => new(
        level, Parser: "",
        [new CodeFinding(LimitRule, FindingSeverity.Error, what + ", so that nothing is known about this code.", 1, 1, 1, 1, "")],
        Truncated: false);

    private async Task<CodeCheckReport> LookAsync(string code, CodeCheckLevel level, string tenant, CancellationToken cancellationToken)
    {
        if (Encoding.UTF8.GetByteCount(code) > MaxSourceBytes) return Limited(level, "The code is larger than what is checked, 1 MiB");
        using var bound = new CancellationTokenSource(Deadline, timeProvider);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        var place = _places[(uint)tenant.GetHashCode(StringComparison.Ordinal) % Places];
        try
        {
            await place.WaitAsync(either.Token).ConfigureAwait(false);
            try
            {
                var body = await sandbox.RunAsync(code, either.Token).ConfigureAwait(false);
                return Report(level, CheckAnswer.TryRead(body));
            }
            finally
            {
                place.Release();
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Limited(level, "The check took too long");
        }
        catch (Exception exception) when (exception is CheckerException or ObjectDisposedException)
        {
            return Limited(level, "The check could not be made");
        }
    }

    private static CodeCheckReport Report(CodeCheckLevel level, CheckAnswer? answer) => answer switch
    {
        null => Limited(level, "The check could not be made"),
        { Limit: "time" } => Limited(level, "Parsing takes too long"),
        { Limit: "memory" } => Limited(level, "Parsing takes too much memory, or the code is nested too deeply"),
        { Limit: "depth" } => Limited(level, "The code is nested too deeply"),
        { Limit: not null } => Limited(level, "The parser did not survive this code"),
        _ => new CodeCheckReport(level, answer.Parser, answer.Findings, answer.Truncated),
    };
}
