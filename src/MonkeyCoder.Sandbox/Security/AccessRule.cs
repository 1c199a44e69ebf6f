namespace MonkeyCoder.Sandbox.Security;

/// <summary>Endpoint metadata: who may call. An endpoint without it is closed.</summary>
/// <param name="IsOpen">The endpoint is for everybody.</param>
/// <param name="Scope">Scope that a caller needs.</param>
/// <param name="Credentials">Where its callers put their credentials.</param>
internal sealed record AccessRule(bool IsOpen, string? Scope, CredentialPlace Credentials);

/// <summary>Where an API takes credentials from.</summary>
internal enum CredentialPlace
{
    /// <summary>A token or a key as Bearer, or a key in X-API-KEY; never two.</summary>
    BearerOrKey,

    /// <summary>
    /// A key in X-API-KEY, which decides where it is there: clients of E2B may send an Authorization of their own along.
    /// Without it, a token as Bearer; never a key.
    /// </summary>
    KeyElseToken,
}

internal static class AccessRules
{
    /// <summary>Only for callers with this scope; API keys have all of them.</summary>
    public static TBuilder RequireScope<TBuilder>(
        this TBuilder builder, string scope, CredentialPlace credentials = CredentialPlace.BearerOrKey)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule(IsOpen: false, scope, credentials));

    /// <summary>For everybody.</summary>
    public static TBuilder AllowEverybody<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder =>
        builder.WithMetadata(new AccessRule(IsOpen: true, Scope: null, CredentialPlace.BearerOrKey));
}
