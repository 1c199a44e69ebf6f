using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Reads a URL by a grammar so narrow that no two parsers can read it differently. Nothing is repaired; what a browser would
/// repair is refused. It says nothing about where the URL may lead.
/// </summary>
internal static class UrlForm
{
    private const int MaxLength = 8192;
    private const int MaxPortDigits = 5;

    private static readonly SearchValues<char> Printable = SearchValues.Create(
        [.. Enumerable.Range(0x21, 0x7E - 0x21 + 1).Select(static code => (char)code).Where(static c => !"\\\"<>^`{|}".Contains(c, StringComparison.Ordinal))]);

    private static readonly SearchValues<char> AuthorityEnd = SearchValues.Create("/?#");
    private static readonly SearchValues<char> AddressCharacters = SearchValues.Create("0123456789abcdefABCDEF:.");

    /// <summary>Whether the scheme has TLS under it.</summary>
    public static bool IsSecure(string scheme) => scheme is "https" or "wss";

    /// <summary>Port of a scheme where the URL names none.</summary>
    public static int DefaultPort(string scheme) => IsSecure(scheme) ? 443 : 80;

    /// <summary>Why the text is no URL of one of the schemes; null where it is one.</summary>
    public static string? Read(string? text, IReadOnlyCollection<string> schemes, out CheckedUrl? url)
    {
        url = null;
        if (string.IsNullOrEmpty(text) || text.Length > MaxLength || text.AsSpan().ContainsAnyExcept(Printable)) return EgressReasons.BadUrl;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var scheme = colon < 0 ? "" : text[..colon].ToLowerInvariant();
        if (!schemes.Contains(scheme)) return EgressReasons.Scheme;
        if (string.CompareOrdinal(text, colon, "://", 0, 3) != 0) return EgressReasons.BadUrl;
        var rest = text.AsSpan(colon + 3);
        var end = rest.IndexOfAny(AuthorityEnd);
        var authority = end < 0 ? rest : rest[..end];
        if (authority.Contains('@')) return EgressReasons.Credentials;
        if (authority.IsEmpty || authority.Contains('%')) return EgressReasons.BadHost;
        var problem = ReadHost(authority, out var name, out var address, out var port);
        if (problem is not null) return problem;
        url = new CheckedUrl(scheme, name, address, port ?? DefaultPort(scheme), PathAndQuery(end < 0 ? [] : rest[end..]));
        return null;
    }

    private static string? ReadHost(ReadOnlySpan<char> authority, out HostName? name, out IPAddress? address, out int? port)
    {
        (name, address, port) = (null, null, null);
        ReadOnlySpan<char> host;
        ReadOnlySpan<char> tail;
        if (authority[0] == '[')
        {
            var close = authority.IndexOf(']');
            if (close < 0) return EgressReasons.BadHost;
            host = authority[1..close];
            tail = authority[(close + 1)..];
            if (host.ContainsAnyExcept(AddressCharacters) || !IPAddress.TryParse(host, out address) || address.AddressFamily != AddressFamily.InterNetworkV6)
                return EgressReasons.BadHost;
        }
        else
        {
            var colon = authority.IndexOf(':');
            host = colon < 0 ? authority : authority[..colon];
            tail = colon < 0 ? [] : authority[colon..];
            if (ReadName(host.ToString(), out name, out address) is { } problem) return problem;
        }

        return ReadPort(tail, out port);
    }

    private static string? ReadName(string host, out HostName? name, out IPAddress? address)
    {
        // One trailing dot says no more after a number than after a name.
        address = null;
        if (HostName.TryParseIPv4(host.EndsWith('.') ? host[..^1] : host, out address))
        {
            name = null;
            return null;
        }

        return HostName.Read(host, out name);
    }

    private static string? ReadPort(ReadOnlySpan<char> tail, out int? port)
    {
        port = null;
        if (tail.IsEmpty) return null;
        var digits = tail[1..];
        if (tail[0] != ':' || digits.Length is 0 or > MaxPortDigits || digits.ContainsAnyExceptInRange('0', '9')) return EgressReasons.BadHost;
        port = int.Parse(digits, CultureInfo.InvariantCulture);
        return port is < 1 or > ushort.MaxValue ? EgressReasons.Port : null;
    }

    private static string PathAndQuery(ReadOnlySpan<char> rest)
    {
        var fragment = rest.IndexOf('#');
        if (fragment >= 0) rest = rest[..fragment];
        return rest.IsEmpty || rest[0] == '?' ? $"/{rest}" : rest.ToString();
    }
}
