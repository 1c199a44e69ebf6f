namespace MonkeyCoder.Contracts.Security;

/// <summary>What a checked token says.</summary>
/// <param name="ExecutionId">Subject.</param>
/// <param name="Tenant">Whose sandboxes it may use.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="ExpiresAt">When it ends.</param>
public sealed record TokenClaims(string ExecutionId, string Tenant, IReadOnlyList<string> Scopes, DateTimeOffset ExpiresAt)
{
    internal const string SubjectName = "sub";
    internal const string TenantName = "tenant";
    internal const string ScopesName = "scopes";
    internal const string IssuedAtName = "iat";
    internal const string NotBeforeName = "nbf";
    internal const string ExpiresName = "exp";
    internal const string TokenIdName = "jti";
}
