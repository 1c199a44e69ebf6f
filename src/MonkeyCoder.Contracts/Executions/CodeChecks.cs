using System.Text.Json;
using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.Executions;

/// <summary>What is done about code that looks dangerous. Advice and not a wall: the sandbox is what holds.</summary>
[JsonConverter(typeof(CodeCheckLevelConverter))]
public enum CodeCheckLevel
{
    /// <summary>Code is not looked at.</summary>
    Off,

    /// <summary>Code runs; findings are in the answer and in the security log.</summary>
    Audit,

    /// <summary>Code with a finding of <see cref="FindingSeverity.Error"/> is refused, and nothing of it runs.</summary>
    Enforce,
}

/// <summary>JSON form of <see cref="CodeCheckLevel"/>: <c>off</c>, <c>audit</c>, <c>enforce</c>.</summary>
public sealed class CodeCheckLevelConverter()
    : JsonStringEnumConverter<CodeCheckLevel>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>How bad a finding is.</summary>
[JsonConverter(typeof(FindingSeverityConverter))]
public enum FindingSeverity
{
    /// <summary>Good to know.</summary>
    Info,

    /// <summary>Reported, never a reason to refuse.</summary>
    Warning,

    /// <summary>Refused where the level is <see cref="CodeCheckLevel.Enforce"/>.</summary>
    Error,
}

/// <summary>JSON form of <see cref="FindingSeverity"/>: <c>info</c>, <c>warning</c>, <c>error</c>.</summary>
public sealed class FindingSeverityConverter()
    : JsonStringEnumConverter<FindingSeverity>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>A place in code that a rule speaks of. Lines and columns count characters from 1; the end is behind the last.</summary>
/// <param name="Rule">Stable id of the rule; docs/CODE-CHECKS.md lists them.</param>
/// <param name="Severity">How bad it is.</param>
/// <param name="Message">What was found.</param>
/// <param name="Line">Line of its beginning.</param>
/// <param name="Column">Column of its beginning.</param>
/// <param name="EndLine">Line of its end.</param>
/// <param name="EndColumn">Column behind its end.</param>
/// <param name="Snippet">The first line of it, at most 120 characters.</param>
public sealed record CodeFinding(
    string Rule, FindingSeverity Severity, string Message, int Line, int Column, int EndLine, int EndColumn, string Snippet);

/// <summary>What a check of code found.</summary>
/// <param name="Policy">The level that applied: the stricter of the operator's and the request's.</param>
/// <param name="Parser">What parsed it, e.g. <c>python-3.11</c>; empty where the check did not come to an end.</param>
/// <param name="Findings">In the order of their places.</param>
/// <param name="Truncated">There were more.</param>
public sealed record CodeCheckReport(CodeCheckLevel Policy, string Parser, IReadOnlyList<CodeFinding> Findings, bool Truncated);
