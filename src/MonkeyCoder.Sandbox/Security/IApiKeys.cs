namespace MonkeyCoder.Sandbox.Security;

/// <summary>An API key that has been checked.</summary>
internal sealed record ApiKey(string Id, string Name, string Tenant);

/// <summary>The node's API keys (<c>e2b_</c> and 40 hex digits), kept as SHA-256.</summary>
internal interface IApiKeys
{
    /// <summary>null for a missing, malformed, unknown or revoked key.</summary>
    ApiKey? Authenticate(string? key);
}
