using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Sandbox.Problems;

/// <summary>A refusal or a fault as the caller sees it.</summary>
/// <param name="Status">HTTP status, 4xx or 5xx.</param>
/// <param name="Code">Stable code, listed in docs/PROBLEMS.md.</param>
/// <param name="Detail">A sentence that says what to do. Never an exception's message.</param>
internal sealed record Problem(int Status, string Code, string Detail)
{
    /// <value>Sent as Retry-After where set.</value>
    public TimeSpan? RetryAfter { get; init; }

    /// <value>What was found in code that is refused.</value>
    public IReadOnlyList<CodeFinding>? Findings { get; init; }
}
