using Microsoft.Extensions.Primitives;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.RateLimits;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>
/// Finds out who calls, by a token or an API key. One answer for every failure; the reason goes to the security log. Where
/// an address has shown too many credentials that do not hold, none from it is looked at for a moment.
/// </summary>
internal sealed class CallerAuthenticator(NodeTokens tokens, IApiKeys keys, FailureLimits failures, ILoggerFactory loggers)
{
    private const string BearerPrefix = "Bearer ";
    private const string KeyHeader = "X-API-KEY";
    private const string Missing = "missing";

    private readonly ILogger _security = loggers.CreateLogger(SecurityLog.Category);

    /// <summary>The caller, or the one 401, or 429.</summary>
    public Result<Caller> Authenticate(HttpContext context, CredentialPlace place)
    {
        var address = context.Connection.RemoteIpAddress;
        if (failures.Check(address) is { } wait) return ProblemCatalog.Make(ProblemCodes.RateLimited) with { RetryAfter = wait };
        var reason = Find(context.Request.Headers, place, out var caller);
        if (reason is null) return caller!;
        // Nothing was guessed by who showed nothing.
        if (reason != Missing) failures.Count(address);
        _security.AuthenticationFailed(reason, context.Request.Path, address?.ToString());
        return ProblemCatalog.Make(ProblemCodes.Unauthenticated);
    }

    private string? Find(IHeaderDictionary headers, CredentialPlace place, out Caller? caller)
    {
        caller = null;
        StringValues authorization = headers.Authorization, key = headers[KeyHeader];
        if (place == CredentialPlace.KeyElseToken && key.Count > 0) authorization = default;
        if (authorization.Count + key.Count > 1) return "more_than_one_credential";
        if (key.Count == 1) return FindKey(key[0], out caller);
        if (authorization.Count == 0) return Missing;
        var value = authorization[0] ?? "";
        if (!value.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)) return "not_bearer";
        var credential = value[BearerPrefix.Length..].Trim(' ');
        if (!credential.StartsWith(ApiKeyStore.Prefix, StringComparison.Ordinal)) return FindToken(credential, out caller);
        return place == CredentialPlace.BearerOrKey ? FindKey(credential, out caller) : "key_as_bearer";
    }

    private string? FindKey(string? text, out Caller? caller)
    {
        caller = keys.Authenticate(text) is { } key
            ? new Caller(key.Tenant, key.Id, ExecutionId: null, SandboxTokens.AllScopes)
            : null;
        return caller is null ? "unknown_key" : null;
    }

    private string? FindToken(string text, out Caller? caller)
    {
        caller = tokens.TryValidate(text, out var claims, out var reason)
            ? new Caller(claims.Tenant, KeyId: null, claims.ExecutionId, claims.Scopes)
            : null;
        return reason;
    }
}
