using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Who may use the processes and files of a sandbox, and as whom.</summary>
internal static class EnvdAccess
{
    /// <summary>Answer to everybody else.</summary>
    public const string Refusal = "unauthorized access, please provide a valid access token or method signing if supported";

    private const int MaxUserLength = 64;
    private const string BasicScheme = "Basic ";

    /// <summary>True where the sandbox is open, or the request has its token.</summary>
    public static bool IsAllowed(HttpContext context, LiveSandbox sandbox) =>
        sandbox.Tokens.Access is not { } token || Matches(context.Request.Headers[E2bProtocol.AccessTokenHeader], token);

    /// <summary>Compares in a time that says nothing about the token.</summary>
    public static bool Matches(string? given, string token) =>
        given is not null
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(given), Encoding.UTF8.GetBytes(token));

    /// <summary>
    /// The user of <c>Authorization: Basic base64("user:")</c>, whose password is not looked at; null where there is none.
    /// </summary>
    public static string? User(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(BasicScheme, StringComparison.OrdinalIgnoreCase)) return null;
        var encoded = header.AsSpan(BasicScheme.Length).Trim();
        Span<byte> bytes = stackalloc byte[MaxUserLength * 2];
        if (!Convert.TryFromBase64Chars(encoded, bytes, out var length)) return null;
        var text = Encoding.UTF8.GetString(bytes[..length]);
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var user = colon < 0 ? text : text[..colon];
        return user.Length == 0 ? null : user;
    }
}
