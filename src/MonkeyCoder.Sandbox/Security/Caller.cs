namespace MonkeyCoder.Sandbox.Security;

/// <summary>Who calls; a feature of the request after <c>RouteGate</c>.</summary>
/// <param name="Tenant">Whose sandboxes can be seen.</param>
/// <param name="KeyId">The API key, where it came with one.</param>
/// <param name="ExecutionId">The one execution that a token authorises; null with an API key.</param>
/// <param name="Scopes">What is allowed.</param>
internal sealed record Caller(string Tenant, string? KeyId, string? ExecutionId, IReadOnlyList<string> Scopes)
{
    /// <summary>The caller of a request to an endpoint that needs one.</summary>
    public static Caller Of(HttpContext context) =>
        context.Features.Get<Caller>() ?? throw new InvalidOperationException("The endpoint says nothing about access.");
}
