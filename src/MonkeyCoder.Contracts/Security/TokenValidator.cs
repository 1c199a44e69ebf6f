using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace MonkeyCoder.Contracts.Security;

/// <summary>
/// Checks tokens strictly: HS256 only, canonical base64url, a closed set of claims without duplicates, an expiry within
/// the longest life, nothing from the future. The signature is compared before anything is parsed.
/// </summary>
/// <param name="secrets">The secret that signs now, then those that still verify (rotation).</param>
/// <param name="maxLife">Longest time from now to a token's expiry.</param>
/// <param name="clockSkew">How far the maker's clock may be off.</param>
/// <param name="timeProvider">Clock.</param>
public sealed class TokenValidator(
    IReadOnlyList<string> secrets, TimeSpan maxLife, TimeSpan clockSkew, TimeProvider timeProvider)
{
    private const int MaxTokenLength = 4096;

    private readonly byte[][] _keys = [.. secrets.Select(SandboxTokens.KeyOf)];

    /// <summary>Checks a token.</summary>
    /// <param name="token">As it came in the header.</param>
    /// <param name="claims">What it says, where it holds.</param>
    /// <param name="reason">Why it does not hold: for the log, never for the caller.</param>
    public bool TryValidate(
        string? token, [NotNullWhen(true)] out TokenClaims? claims, [NotNullWhen(false)] out string? reason)
    {
        claims = null;
        reason = Check(token, out var parsed);
        if (reason is not null) return false;
        claims = parsed!.ToClaims();
        return true;
    }

    private string? Check(string? token, out TokenPayload? payload)
    {
        payload = null;
        if (string.IsNullOrEmpty(token)) return "missing";
        if (token.Length > MaxTokenLength) return "too_long";
        if (!Ascii.IsValid(token)) return "not_ascii";
        var parts = token.Split('.');
        if (parts.Length != 3) return "not_three_parts";
        if (!TryDecode(parts[0], out var header) || !TryDecode(parts[1], out var body) || !TryDecode(parts[2], out var mac))
            return "not_base64url";
        if (!IsSigned(token.AsSpan(0, token.LastIndexOf('.')), mac)) return "bad_signature";
        if (!TokenPayload.IsHeader(header)) return "bad_header";
        payload = TokenPayload.Parse(body);
        return payload is null ? "bad_claims" : CheckTimes(payload);
    }

    private bool IsSigned(ReadOnlySpan<char> signed, byte[] mac)
    {
        var bytes = new byte[signed.Length];
        Encoding.ASCII.GetBytes(signed, bytes);
        var match = false;
        foreach (var key in _keys)
            match |= CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, bytes), mac);
        return match;
    }

    private string? CheckTimes(TokenPayload payload)
    {
        var now = timeProvider.GetUtcNow().ToUnixTimeSeconds();
        var skew = (long)clockSkew.TotalSeconds;
        if (payload.ExpiresAt <= now) return "expired";
        if (payload.ExpiresAt > now + (long)maxLife.TotalSeconds + skew) return "life_too_long";
        if (payload.IssuedAt > now + skew) return "from_the_future";
        if (payload.NotBefore > now + skew) return "not_yet_valid";
        return payload.IssuedAt >= payload.ExpiresAt ? "bad_claims" : null;
    }

    // Decoding and encoding again refuses padding, white space, and spare bits that are not zero.
    private static bool TryDecode(string part, out byte[] bytes)
    {
        bytes = [];
        if (part.Length == 0 || !Base64Url.IsValid(part)) return false;
        bytes = Base64Url.DecodeFromChars(part);
        return string.Equals(Base64Url.EncodeToString(bytes), part, StringComparison.Ordinal);
    }
}
