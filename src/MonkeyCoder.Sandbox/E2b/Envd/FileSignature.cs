using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>The signature of a <c>/files</c> URL, which stands for the sandbox's token.</summary>
/// <param name="Path">Query value <c>path</c> as it came, empty where absent.</param>
/// <param name="Operation"><c>read</c> or <c>write</c>.</param>
/// <param name="User">Query value <c>username</c>, empty where absent.</param>
/// <param name="Expiration">Query value <c>signature_expiration</c>, Unix seconds; null where absent.</param>
/// <param name="Signature">Query value <c>signature</c>.</param>
internal sealed record FileSignature(string Path, string Operation, string User, string? Expiration, string Signature)
{
    /// <summary>null where the URL is not signed.</summary>
    public static FileSignature? Read(HttpRequest request)
    {
        var query = request.Query;
        var signature = query["signature"].ToString();
        if (signature.Length == 0) return null;
        var operation = HttpMethods.IsPost(request.Method) ? "write" : "read";
        var expiration = query.ContainsKey("signature_expiration") ? query["signature_expiration"].ToString() : null;
        return new FileSignature(query["path"].ToString(), operation, query["username"].ToString(), expiration, signature);
    }

    /// <summary>
    /// <c>v1_</c> and the unpadded base64 of SHA-256 over <c>path:operation:user:token[:expiration]</c>.
    /// </summary>
    public string Expected(string token)
    {
        var text = $"{Path}:{Operation}:{User}:{token}{(Expiration is null ? "" : ":" + Expiration)}";
        return "v1_" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(text))).TrimEnd('=');
    }

    /// <summary>Compares in constant time.</summary>
    public bool IsBy(string token) => EnvdAccess.Matches(Signature, Expected(token));

    /// <summary>True where the time it was good for is over, or is not a time.</summary>
    public bool HasExpired(DateTimeOffset now) =>
        Expiration is not null
        && (!long.TryParse(Expiration, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || seconds < now.ToUnixTimeSeconds());

    /// <summary>The live sandbox whose token made the signature; null where none did. Tries all of them, each in constant time.</summary>
    public LiveSandbox? FindSandbox(ISandboxRegistry registry)
    {
        LiveSandbox? found = null;
        foreach (var sandbox in registry.All)
            if (sandbox.Tokens.Access is { } token && IsBy(token)) found = sandbox;
        return found;
    }

    // The signature opens the file: not in logs.
    public override string ToString() => $"{Operation} ***";
}
