namespace MonkeyCoder.Sandbox.Problems;

/// <summary>One row of docs/PROBLEMS.md.</summary>
/// <param name="Code">Stable code.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="Meaning">What happened.</param>
/// <param name="Remedy">What the caller can do; the detail where a place has nothing more exact to say.</param>
internal sealed record ProblemKind(string Code, int Status, string Meaning, string Remedy);
