using System.Globalization;
using System.Net;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Where a connection is meant to go: a name or an address, and a port.</summary>
/// <param name="Name">Null where it is an address.</param>
/// <param name="Address">Null where it is a name.</param>
/// <param name="Port">1 to 65535.</param>
internal sealed record EgressTarget(HostName? Name, IPAddress? Address, int Port)
{
    /// <summary>The name or the address.</summary>
    public string Host => Name?.Value ?? Address!.ToString();

    public override string ToString() => $"{Host}:{Port}";

    /// <summary>The value of a Host field, <c>host[:port]</c>. Null where it is not in the one canonical form, or special.</summary>
    /// <param name="text">As the client wrote it.</param>
    /// <param name="defaultPort">Where it names none; 0 where it must.</param>
    public static EgressTarget? Parse(string text, int defaultPort)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var host = colon < 0 ? text : text[..colon];
        var port = defaultPort;
        if (colon >= 0)
        {
            var digits = text.AsSpan(colon + 1);
            if (digits.Length is 0 or > 5 || digits[0] == '0' || digits.ContainsAnyExceptInRange('0', '9')) return null;
            port = int.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture);
        }

        if (port is < 1 or > ushort.MaxValue) return null;
        if (HostName.TryParseIPv4(host, out var address)) return new EgressTarget(null, address, port);
        return HostName.TryParse(host, out var name) ? new EgressTarget(name, null, port) : null;
    }

    /// <summary>The target and path of <c>http://host[:port]/path</c>; the path is <c>/</c> where there is none.</summary>
    public static EgressTarget? ParseUrl(string url, out string path)
    {
        const string Scheme = "http://";
        path = "/";
        if (!url.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)) return null;
        var rest = url.AsSpan(Scheme.Length);
        var end = rest.IndexOfAny('/', '?');
        if (end >= 0) path = rest[end] == '?' ? $"/{rest[end..]}" : rest[end..].ToString();
        return Parse((end < 0 ? rest : rest[..end]).ToString(), 80);
    }
}
