using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Problems;

namespace MonkeyCoder.Sandbox.E2b;

/// <summary>Errors that no endpoint answered itself look as E2B clients expect, on E2B paths.</summary>
internal sealed class E2bErrorForm : IErrorForm
{
    private static readonly PathString[] Roots =
        ["/sandboxes", "/v2/sandboxes", "/templates", "/v2/templates", "/v3/templates", "/snapshots", "/volumes", "/secrets", "/teams", "/api-keys", "/files"];

    private const string UnknownKey = "the API key in X-API-KEY is missing, unknown or revoked";

    public bool AppliesTo(HttpContext context)
    {
        if (context.Request.Headers.ContainsKey(E2bProtocol.SandboxIdHeader)) return true;
        foreach (var root in Roots)
            if (context.Request.Path.StartsWithSegments(root, StringComparison.Ordinal)) return true;
        return false;
    }

    public Task WriteAsync(HttpContext context, Problem problem)
    {
        // Where the key is missing nothing is said about what exists.
        var message = problem.Code == ProblemCodes.Unauthenticated ? UnknownKey : problem.Detail;
        return E2bAnswers.WriteErrorAsync(context, problem.Status, message, NameOf(problem.Code));
    }

    /// <summary>The contract names few errors; clients look at the status.</summary>
    private static string? NameOf(string code) => code == ProblemCodes.NodeAtCapacity ? "sandbox_capacity_unavailable" : null;
}
