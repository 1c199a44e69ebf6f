using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// A domain name in its one canonical form: lower case, no trailing dot, at least two labels, not a number, not a name
/// that only means something inside somebody's network. There is no other way to get one than to parse it.
/// </summary>
public sealed record HostName
{
    private const int MaxLength = 253;
    private const int MaxLabelLength = 63;

    private static readonly HashSet<string> SpecialUse = new(StringComparer.Ordinal)
    {
        "localhost", "localdomain", "local", "internal", "lan", "home", "corp", "intranet", "svc", "test", "invalid", "onion",
        "arpa",
    };

    private HostName(string value) => Value = value;

    /// <summary>The canonical form; compare it ordinally.</summary>
    public string Value { get; }

    public override string ToString() => Value;

    /// <summary>
    /// False where the text is no name that may be looked up. Nothing is repaired: not spaces, not percent signs, not
    /// letters outside ASCII; where two parsers could differ there is no name.
    /// </summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out HostName? name) => Read(text, out name) is null;

    /// <summary>Why the text is no name that may be looked up, or null where it is one.</summary>
    internal static string? Read(string? text, out HostName? name)
    {
        name = null;
        if (ReadLabels(text, out var labels) is not { } canonical) return EgressReasons.BadHost;
        if (IsNumber(labels[^1])) return EgressReasons.BadHost;
        if (SpecialUse.Contains(labels[^1])) return EgressReasons.SpecialName;
        if (labels.Length < 2) return EgressReasons.BadHost;
        name = new HostName(canonical);
        return null;
    }

    /// <summary>
    /// True where the text is an IPv4 address in its one canonical form. Forms with fewer parts, other bases or leading
    /// zeros are none: what they mean depends on who reads them.
    /// </summary>
    public static bool TryParseIPv4(string? text, [NotNullWhen(true)] out IPAddress? address)
    {
        address = null;
        var parts = text?.Split('.') ?? [];
        if (parts.Length != 4) return false;
        var bytes = new byte[4];
        for (var index = 0; index < 4; index++)
        {
            var part = parts[index];
            if (part.Length is 0 or > 3 || !part.All(char.IsAsciiDigit) || (part.Length > 1 && part[0] == '0')) return false;
            var value = int.Parse(part, System.Globalization.CultureInfo.InvariantCulture);
            if (value > byte.MaxValue) return false;
            bytes[index] = (byte)value;
        }

        address = new IPAddress(bytes);
        return true;
    }

    /// <summary>Lower-cased text without its one trailing dot, or null where it is not made of labels.</summary>
    internal static string? ReadLabels(string? text, out string[] labels)
    {
        labels = [];
        // Lower-casing turns some letters outside ASCII into letters of ASCII.
        if (string.IsNullOrEmpty(text) || !text.All(char.IsAscii)) return null;
        var canonical = (text[^1] == '.' ? text[..^1] : text).ToLowerInvariant();
        if (canonical.Length is 0 or > MaxLength) return null;
        labels = canonical.Split('.');
        return labels.All(IsLabel) ? canonical : null;
    }

    /// <summary>Whether a last label makes the whole name a number for some parsers.</summary>
    internal static bool IsNumber(string label) =>
        label.All(char.IsAsciiDigit)
        || (label.StartsWith("0x", StringComparison.Ordinal) && label.Skip(2).All(char.IsAsciiHexDigit));

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= MaxLabelLength && label[0] != '-' && label[^1] != '-'
        && label.All(static c => c is (>= 'a' and <= 'z') or (>= '0' and <= '9') or '-');
}
