using MonkeyCoder.Sandbox.Problems;

namespace MonkeyCoder.Sandbox.E2b;

/// <summary>Errors that no endpoint answered itself look as E2B clients expect, on E2B paths.</summary>
internal sealed class E2bErrorForm : IErrorForm
{
    private static readonly PathString[] Roots =
        ["/sandboxes", "/v2/sandboxes", "/templates", "/v2/templates", "/v3/templates", "/snapshots", "/volumes", "/secrets", "/teams", "/files"];

    public bool AppliesTo(HttpContext context)
    {
        if (context.Request.Headers.ContainsKey(E2bProtocol.SandboxIdHeader)) return true;
        foreach (var root in Roots)
            if (context.Request.Path.StartsWithSegments(root, StringComparison.Ordinal)) return true;
        return false;
    }

    public Task WriteAsync(HttpContext context, Problem problem)
    {
        if (problem.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        return E2bAnswers.WriteErrorAsync(context, problem.Status, problem.Detail);
    }
}
