using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Problems;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>
/// Finds out who calls the original API: a token or an API key as Bearer, or an API key in X-API-KEY. One answer for
/// every failure; the reason goes to the security log.
/// </summary>
internal sealed class CallerAuthenticator
{
    private const string BearerPrefix = "Bearer ";
    private const string KeyHeader = "X-API-KEY";

    private readonly TokenValidator _tokens;
    private readonly IApiKeys _keys;
    private readonly ILogger _security;

    public CallerAuthenticator(
        IOptions<SecurityOptions> options, IApiKeys keys, ILoggerFactory loggers, TimeProvider timeProvider)
    {
        var settings = options.Value;
        string[] secrets = settings.PreviousTokenSecret is { } previous
            ? [settings.TokenSecret!.Reveal(), previous.Reveal()]
            : [settings.TokenSecret!.Reveal()];
        _tokens = new TokenValidator(secrets, settings.MaxTokenLife, settings.ClockSkew, timeProvider);
        _keys = keys;
        _security = loggers.CreateLogger(SecurityLog.Category);
    }

    /// <summary>The caller, or the one 401.</summary>
    public Result<Caller> Authenticate(HttpContext context)
    {
        var reason = Find(context.Request.Headers, out var caller);
        if (reason is null) return caller!;
        _security.AuthenticationFailed(reason, context.Request.Path, context.Connection.RemoteIpAddress?.ToString());
        return ProblemCatalog.Make(ProblemCodes.Unauthenticated);
    }

    private string? Find(IHeaderDictionary headers, out Caller? caller)
    {
        caller = null;
        StringValues authorization = headers.Authorization, key = headers[KeyHeader];
        if (authorization.Count + key.Count > 1) return "more_than_one_credential";
        if (key.Count == 1) return FindKey(key[0], out caller);
        if (authorization.Count == 0) return "missing";
        var value = authorization[0] ?? "";
        if (!value.StartsWith(BearerPrefix, StringComparison.OrdinalIgnoreCase)) return "not_bearer";
        var credential = value[BearerPrefix.Length..].Trim(' ');
        return credential.StartsWith(ApiKeyStore.Prefix, StringComparison.Ordinal)
            ? FindKey(credential, out caller)
            : FindToken(credential, out caller);
    }

    private string? FindKey(string? text, out Caller? caller)
    {
        caller = _keys.Authenticate(text) is { } key
            ? new Caller(key.Tenant, key.Id, ExecutionId: null, SandboxTokens.AllScopes)
            : null;
        return caller is null ? "unknown_key" : null;
    }

    private string? FindToken(string text, out Caller? caller)
    {
        caller = _tokens.TryValidate(text, out var claims, out var reason)
            ? new Caller(claims.Tenant, KeyId: null, claims.ExecutionId, claims.Scopes)
            : null;
        return reason;
    }
}
