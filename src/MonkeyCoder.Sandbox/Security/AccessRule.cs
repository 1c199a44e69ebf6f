namespace MonkeyCoder.Sandbox.Security;

/// <summary>Endpoint metadata: who may call. An endpoint without it is closed.</summary>
/// <param name="IsOpen">The endpoint is for everybody, or checks its callers itself.</param>
/// <param name="Scope">Scope that a caller needs.</param>
internal sealed record AccessRule(bool IsOpen, string? Scope);

internal static class AccessRules
{
    /// <summary>Only for callers with this scope; API keys have all of them.</summary>
    public static TBuilder RequireScope<TBuilder>(this TBuilder builder, string scope)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule(IsOpen: false, scope));

    /// <summary>For everybody, or for an API that checks its callers itself.</summary>
    public static TBuilder AllowEverybody<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule(IsOpen: true, Scope: null));
}
