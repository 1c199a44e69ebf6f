using System.Globalization;
using System.Net;
using System.Net.Sockets;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Sandbox.Egress;

/// <summary>
/// Rules as people write them: a domain, an address or a range, each with <c>:port</c> if need be. Domains without a port
/// mean 80 and 443, addresses every port but 25.
/// </summary>
internal static class RuleText
{
    private const int MaxPortDigits = 5;

    /// <summary>null where the text is no domain.</summary>
    public static HostRule? ReadHost(string text)
    {
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        var ports = colon < 0 ? PortSet.Web : ReadPort(text[(colon + 1)..]);
        return ports is not null && HostPattern.TryParse(colon < 0 ? text : text[..colon], out var pattern)
            ? new HostRule(pattern, ports)
            : null;
    }

    /// <summary>null where the text is no address or range with or without a port; IPv6 with a port stands in brackets.</summary>
    public static NetworkRule? ReadAddress(string text)
    {
        if (ReadNetwork(text) is { } plain) return new NetworkRule(plain, PortSet.AllButMail);
        var colon = text.LastIndexOf(':');
        if (colon < 0 || ReadPort(text[(colon + 1)..]) is not { } ports) return null;
        var address = text[..colon];
        var bracketed = address.StartsWith('[') && address.EndsWith(']');
        if (!bracketed && address.Contains(':', StringComparison.Ordinal)) return null;
        return ReadNetwork(bracketed ? address[1..^1] : address) is { } network ? new NetworkRule(network, ports) : null;
    }

    /// <summary>An address or a range; bits of the address beyond the range do not count.</summary>
    public static IPNetwork? ReadNetwork(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (ParseAddress(slash < 0 ? text : text[..slash]) is not { } address) return null;
        var bytes = address.GetAddressBytes();
        var length = bytes.Length * 8;
        if (slash >= 0 && (!int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > bytes.Length * 8))
            return null;
        for (var bit = length; bit < bytes.Length * 8; bit++) bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), length);
    }

    private static IPAddress? ParseAddress(string text)
    {
        if (HostName.TryParseIPv4(text, out var address)) return address;
        if (!text.All(static c => char.IsAsciiHexDigit(c) || c is ':' or '.') || !text.Contains(':', StringComparison.Ordinal)) return null;
        return IPAddress.TryParse(text, out address) && address.AddressFamily == AddressFamily.InterNetworkV6 ? address : null;
    }

    private static PortSet? ReadPort(string text) =>
        text.Length <= MaxPortDigits && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue
            ? PortSet.Only(port)
            : null;
}
