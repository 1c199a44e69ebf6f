using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>An execute request that has been checked.</summary>
/// <param name="ExecutionId">Of the request, the token, or new.</param>
/// <param name="Code">The cell.</param>
/// <param name="Language">Normalised.</param>
/// <param name="Timeout">Within the node's maximum.</param>
/// <param name="SandboxId">Run there; null: in a fresh sandbox.</param>
/// <param name="Keep">A fresh sandbox lives on.</param>
/// <param name="Limits">Of a fresh sandbox.</param>
/// <param name="CodeChecks">What is done about code that looks dangerous.</param>
internal sealed record ExecutionPlan(
    string ExecutionId, string Code, string Language, TimeSpan Timeout, string? SandboxId, bool Keep,
    SandboxLimits Limits, CodeCheckLevel CodeChecks);
