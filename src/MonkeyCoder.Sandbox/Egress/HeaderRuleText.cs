using System.Buffers;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Sandbox.Egress;

/// <summary>Checks headers that a tenant wants added to requests: they must not be able to say where a request ends or goes.</summary>
internal static class HeaderRuleText
{
    /// <summary>Headers of one domain, all their names and values together.</summary>
    public const int MaxBytes = 8192;

    // RFC 9110, token.
    private static readonly SearchValues<char> NameCharacters =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    private static readonly HashSet<string> Forbidden = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Upgrade", "TE", "Trailer", "Expect", "HTTP2-Settings",
    };

    /// <summary>null, or what is wrong; the sentence never shows a value.</summary>
    public static string? Check(string domain, IEnumerable<KeyValuePair<string, string>> headers)
    {
        if (!HostPattern.TryParse(domain, out _)) return $"'{domain}' in 'network.rules' is no domain";
        var length = 0;
        foreach (var (name, value) in headers)
        {
            if (name.Length == 0 || name.AsSpan().ContainsAnyExcept(NameCharacters)) return $"a header for '{domain}' in 'network.rules' has a name that is none";
            if (Forbidden.Contains(name) || name.StartsWith("Proxy-", StringComparison.OrdinalIgnoreCase)) return $"the header '{name}' cannot be set by 'network.rules'";
            // Null where the wire had null, whatever the type says.
            if (value is null || value.Any(static c => c is (< ' ' and not '\t') or > '~')) return $"the value of '{name}' for '{domain}' in 'network.rules' is no header value";
            length += name.Length + value.Length;
        }

        return length > MaxBytes ? $"the headers for '{domain}' in 'network.rules' are longer than {MaxBytes} characters" : null;
    }
}
