using System.Globalization;
using System.Text;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>How the body of a request ends.</summary>
internal enum BodyKind
{
    /// <summary>After <see cref="HttpRequestHead.BodyBytes"/>, which may be none.</summary>
    Counted,
    /// <summary>With the last chunk.</summary>
    Chunked,
}

/// <summary>
/// Request line and fields of an HTTP/1 request (RFC 9112), read strictly: what two parsers could read differently is refused,
/// and what is sent on is written anew.
/// </summary>
internal sealed class HttpRequestHead
{
    /// <summary>Longest head.</summary>
    public const int MaxBytes = 16 * 1024;

    private const int MaxFields = 200;

    // Between two neighbours on the way; the way ends here. Upgrade is handled apart.
    private static readonly HashSet<string> HopFields = new(StringComparer.OrdinalIgnoreCase)
    {
        "Host", "Connection", "Proxy-Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Upgrade",
    };

    private readonly List<(string Name, string Value)> _fields = [];

    private HttpRequestHead(string method, string target, bool isHttp11)
    {
        Method = method;
        Target = target;
        IsHttp11 = isHttp11;
    }

    public string Method { get; }

    /// <summary>As it came: a path, an absolute URL, <c>host:port</c> of CONNECT, or <c>*</c>.</summary>
    public string Target { get; }

    public bool IsHttp11 { get; }

    /// <summary>The Host field; null where there is none, which is allowed in HTTP/1.0 only.</summary>
    public string? Host { get; private set; }

    public BodyKind Body { get; private set; }

    public long BodyBytes { get; private set; }

    /// <summary>The protocol that the client asks to change to.</summary>
    public string? Upgrade { get; private set; }

    /// <summary>Whether a connection may be HTTP, by its first bytes: an upper-case method.</summary>
    public static bool StartsLike(ReadOnlySpan<byte> bytes)
    {
        var word = bytes[..Math.Min(bytes.Length, 16)];
        var space = word.IndexOf((byte)' ');
        if (space == 0 || (space < 0 && bytes.Length >= 16)) return false;
        foreach (var letter in space < 0 ? word : word[..space])
            if (letter is not (>= (byte)'A' and <= (byte)'Z' or (byte)'-' or (byte)'_')) return false;
        return true;
    }

    /// <summary>Length of the head with its empty line; -1 where it is not all there.</summary>
    public static int FindEnd(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        return end < 0 ? -1 : end + 4;
    }

    /// <summary>Reads a head. Null where it is not one, or one that could be read in two ways; then the reason.</summary>
    public static HttpRequestHead? Parse(ReadOnlySpan<byte> bytes, out string reason)
    {
        reason = "The request is not HTTP/1.1.";
        foreach (var letter in bytes)
            if (letter is < 0x20 and not ((byte)'\r' or (byte)'\n' or (byte)'\t') or 0x7f) return null;
        // Bytes above ASCII keep their value in Latin-1, both ways.
        var lines = Encoding.Latin1.GetString(bytes[..^4]).Split("\r\n");
        if (lines.Any(static line => line.AsSpan().IndexOfAny('\r', '\n') >= 0) || lines.Length > MaxFields) return null;

        var words = lines[0].Split(' ');
        if (words.Length != 3 || !IsToken(words[0]) || words[1].Length == 0 || words[1].Any(static letter => letter is <= ' ' or > '~' or '#')) return null;
        if (words[2] is not ("HTTP/1.1" or "HTTP/1.0")) return null;
        var head = new HttpRequestHead(words[0], words[1], words[2] == "HTTP/1.1");
        foreach (var line in lines.AsSpan(1))
        {
            var colon = line.IndexOf(':');
            // Also refuses what begins with a space: a continued line.
            if (colon <= 0 || !IsToken(line.AsSpan(0, colon)))
            {
                reason = "A header field of the request is malformed.";
                return null;
            }

            head._fields.Add((line[..colon], line[(colon + 1)..].Trim(' ', '\t')));
        }

        return head.TryReadFraming(out reason) ? head : null;
    }

    /// <summary>The head as it is sent on.</summary>
    /// <param name="path">In place of the target.</param>
    /// <param name="host">In place of the Host field.</param>
    /// <param name="keepAlive">Whether more requests may follow on the connection.</param>
    /// <param name="upgrade">Whether the client's Upgrade goes on.</param>
    /// <param name="added">Fields that take the place of those of the same name.</param>
    public byte[] Write(string path, string host, bool keepAlive, bool upgrade, IReadOnlyList<KeyValuePair<string, string>> added)
    {
        var dropped = new HashSet<string>(HopFields, StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in _fields)
            if (name.Equals("Connection", StringComparison.OrdinalIgnoreCase)) dropped.UnionWith(Items(value));
        // Naming these in Connection must not take away how the body ends.
        dropped.Remove("Content-Length");
        dropped.Remove("Transfer-Encoding");
        dropped.UnionWith(added.Select(static field => field.Key));

        var text = new StringBuilder(1024);
        text.Append(Method).Append(' ').Append(path).Append(IsHttp11 ? " HTTP/1.1\r\n" : " HTTP/1.0\r\n");
        text.Append("Host: ").Append(host).Append("\r\n");
        foreach (var (name, value) in _fields)
            if (!dropped.Contains(name)) text.Append(name).Append(": ").Append(value).Append("\r\n");
        foreach (var (name, value) in added) text.Append(name).Append(": ").Append(value).Append("\r\n");
        if (upgrade && Upgrade is { } protocol) text.Append("Upgrade: ").Append(protocol).Append("\r\nConnection: Upgrade\r\n");
        else if (!keepAlive) text.Append("Connection: close\r\n");
        else if (WantsKeepAlive is { } wants) text.Append("Connection: ").Append(wants ? "keep-alive" : "close").Append("\r\n");
        return Encoding.Latin1.GetBytes(text.Append("\r\n").ToString());
    }

    /// <summary>What the client says about further requests; null where it says nothing.</summary>
    private bool? WantsKeepAlive
    {
        get
        {
            var options = Fields("Connection").SelectMany(Items).ToArray();
            if (options.Contains("close", StringComparer.OrdinalIgnoreCase)) return false;
            return options.Contains("keep-alive", StringComparer.OrdinalIgnoreCase) ? true : null;
        }
    }

    private bool TryReadFraming(out string reason)
    {
        reason = "A request has exactly one Host field.";
        var hosts = Fields("Host").ToArray();
        if (hosts.Length > 1 || (hosts.Length == 0 && IsHttp11)) return false;
        Host = hosts.FirstOrDefault();

        reason = "The length of the request's body is not clear.";
        var lengths = Fields("Content-Length").ToArray();
        var encodings = Fields("Transfer-Encoding").ToArray();
        if (lengths.Length + encodings.Length > 1) return false;
        if (encodings.Length == 1)
        {
            if (!encodings[0].Equals("chunked", StringComparison.OrdinalIgnoreCase) || !IsHttp11) return false;
            Body = BodyKind.Chunked;
        }
        else if (lengths.Length == 1)
        {
            if (lengths[0].Length is 0 or > 18 || !lengths[0].All(char.IsAsciiDigit)) return false;
            BodyBytes = long.Parse(lengths[0], NumberStyles.None, CultureInfo.InvariantCulture);
        }

        var upgrades = Fields("Upgrade").ToArray();
        if (upgrades.Length == 1 && Body == BodyKind.Counted && BodyBytes == 0
            && Fields("Connection").SelectMany(Items).Contains("upgrade", StringComparer.OrdinalIgnoreCase)) Upgrade = upgrades[0];
        reason = "";
        return true;
    }

    private IEnumerable<string> Fields(string name) =>
        _fields.Where(field => field.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(static field => field.Value);

    private static string[] Items(string value) => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    /// <summary>RFC 9110 5.6.2.</summary>
    private static bool IsToken(ReadOnlySpan<char> text)
    {
        foreach (var letter in text)
            if (!char.IsAsciiLetterOrDigit(letter) && !"!#$%&'*+-.^_`|~".Contains(letter, StringComparison.Ordinal)) return false;
        return !text.IsEmpty;
    }
}
