using Microsoft.Net.Http.Headers;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>How the bytes of a file travel.</summary>
internal enum FileEncoding
{
    Identity,
    Gzip,

    /// <summary>The client accepts neither.</summary>
    None,
}

/// <summary>Chooses by <c>Accept-Encoding</c>.</summary>
internal static class FileEncodings
{
    /// <summary>
    /// Gzip where the client prefers it to identity, or asks for it alone, as clients do that were told to compress.
    /// Runtimes put <c>gzip, deflate</c> on every request of their own accord; they get identity, which costs neither
    /// side the time of compressing.
    /// </summary>
    public static FileEncoding Choose(HttpRequest request)
    {
        if (!StringWithQualityHeaderValue.TryParseList(request.Headers.AcceptEncoding, out var list) || list.Count == 0)
            return FileEncoding.Identity;
        var any = Quality(list, "*");
        var gzip = Quality(list, "gzip") ?? any ?? 0;
        var identity = Quality(list, "identity");
        // Identity is acceptable unless it, or everything unnamed, is refused.
        var identityQuality = identity ?? any ?? (list.Count == 1 ? 0.5 : 1);
        if (gzip <= 0) return identityQuality <= 0 ? FileEncoding.None : FileEncoding.Identity;
        return gzip > identityQuality ? FileEncoding.Gzip : FileEncoding.Identity;
    }

    private static double? Quality(IList<StringWithQualityHeaderValue> list, string coding)
    {
        foreach (var item in list)
            if (item.Value.Equals(coding, StringComparison.OrdinalIgnoreCase)) return item.Quality ?? 1;
        return null;
    }
}
