using System.Text.Json;

namespace MonkeyCoder.Contracts.Security;

/// <summary>Header and claims of a token whose signature has been checked, parsed against a closed schema.</summary>
internal sealed class TokenPayload
{
    private const int MaxScopes = 16;

    // 9999-12-31, the last that DateTimeOffset holds.
    private const long MaxUnixSeconds = 253402300799;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 3 };

    private string _subject = "";
    private string _tenant = "";
    private List<string>? _scopes;

    public long ExpiresAt { get; private set; }

    /// <summary>0 where the token does not say.</summary>
    public long IssuedAt { get; private set; }

    /// <summary>0 where the token does not say.</summary>
    public long NotBefore { get; private set; }

    public TokenClaims ToClaims() => new(_subject, _tenant, _scopes!, DateTimeOffset.FromUnixTimeSeconds(ExpiresAt));

    /// <summary>Exactly <c>alg</c> HS256 and, where present, <c>typ</c> JWT.</summary>
    public static bool IsHeader(byte[] json)
    {
        using var document = TryParse(json);
        if (document?.RootElement is not { ValueKind: JsonValueKind.Object } root) return false;
        var algorithm = false;
        foreach (var property in root.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.String) return false;
            if (property.NameEquals("alg")) algorithm = property.Value.ValueEquals("HS256");
            else if (!property.NameEquals("typ") || !property.Value.ValueEquals("JWT")) return false;
        }

        return algorithm;
    }

    /// <summary>null where a claim is missing, unknown, twice there, or not of its type.</summary>
    public static TokenPayload? Parse(byte[] json)
    {
        using var document = TryParse(json);
        if (document?.RootElement is not { ValueKind: JsonValueKind.Object } root) return null;
        var payload = new TokenPayload();
        foreach (var property in root.EnumerateObject())
            if (!payload.Take(property.Name, property.Value)) return null;
        var complete = payload is { _subject.Length: > 0, _tenant.Length: > 0, _scopes: not null, ExpiresAt: > 0 };
        return complete ? payload : null;
    }

    private bool Take(string name, JsonElement value)
    {
        switch (name)
        {
            case TokenClaims.SubjectName:
                return IsText(value) && TokenNames.IsExecutionId(_subject = value.GetString()!);
            case TokenClaims.TenantName:
                return IsText(value) && TokenNames.IsTenant(_tenant = value.GetString()!);
            case TokenClaims.TokenIdName:
                return IsText(value) && TokenNames.IsExecutionId(value.GetString());
            case TokenClaims.ScopesName:
                return TakeScopes(value);
            case TokenClaims.ExpiresName:
                return TakeTime(value, seconds => ExpiresAt = seconds);
            case TokenClaims.IssuedAtName:
                return TakeTime(value, seconds => IssuedAt = seconds);
            case TokenClaims.NotBeforeName:
                return TakeTime(value, seconds => NotBefore = seconds);
            default:
                return false;
        }
    }

    private bool TakeScopes(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() > MaxScopes) return false;
        _scopes = [];
        foreach (var scope in value.EnumerateArray())
        {
            if (!IsText(scope) || !TokenNames.IsExecutionId(scope.GetString())) return false;
            _scopes.Add(scope.GetString()!);
        }

        return true;
    }

    private static bool TakeTime(JsonElement value, Action<long> take)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt64(out var seconds)) return false;
        if (seconds is <= 0 or > MaxUnixSeconds) return false;
        take(seconds);
        return true;
    }

    private static bool IsText(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String) return false;
        // An escaped lone surrogate is legal JSON and no string.
        return !value.GetRawText().Contains('\\', StringComparison.Ordinal);
    }

    private static JsonDocument? TryParse(byte[] json)
    {
        try
        {
            return JsonDocument.Parse(json, Strict);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
