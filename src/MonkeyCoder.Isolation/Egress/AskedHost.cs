namespace MonkeyCoder.Isolation.Egress;

/// <summary>What was asked for where it is no destination, for events alone: as it was written, without what may be a password.</summary>
internal static class AskedHost
{
    private const int MaxLength = 100;

    /// <summary>Host and port of a URL, an authority or a name; at most 100 characters that no log can take for anything else; null for nothing.</summary>
    public static string? Of(string? asked)
    {
        var text = asked.AsSpan();
        var scheme = text.IndexOf("://", StringComparison.Ordinal);
        if (scheme >= 0) text = text[(scheme + 3)..];
        var end = text.IndexOfAny('/', '?', '#');
        if (end >= 0) text = text[..end];
        text = text[(text.LastIndexOf('@') + 1)..];
        if (text.IsEmpty) return null;
        return string.Create(Math.Min(text.Length, MaxLength), text, static (shown, from) =>
        {
            for (var i = 0; i < shown.Length; i++) shown[i] = char.IsAsciiLetterOrDigit(from[i]) || ".-_:[]".Contains(from[i], StringComparison.Ordinal) ? from[i] : '?';
        });
    }
}
