using Microsoft.AspNetCore.Http.Headers;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Part of a file to send. No length: all of it.</summary>
internal readonly record struct FileRange(bool Satisfiable, long Offset, long? Length);

/// <summary>Conditions and ranges of a request for a file (RFC 9110, sections 13 and 14).</summary>
internal static class FileConditions
{
    /// <summary>The client has this version already.</summary>
    public static bool IsNotModified(HttpRequest request, DateTimeOffset modified)
    {
        var headers = request.GetTypedHeaders();
        return headers.IfNoneMatch.Count == 0 && headers.IfModifiedSince is { } since && modified <= since;
    }

    /// <summary>One range of bytes. Several at once, and other units, are answered with the whole file.</summary>
    public static FileRange ReadRange(HttpRequest request, long size, DateTimeOffset modified)
    {
        var headers = request.GetTypedHeaders();
        if (headers.Range is not { Ranges.Count: 1 } range || !range.Unit.Equals("bytes", StringComparison.OrdinalIgnoreCase)
            || IsOfAnotherVersion(headers, modified)) return new FileRange(true, 0, null);
        var item = range.Ranges.First();
        if (item.From is not { } from)
        {
            var last = Math.Min(item.To ?? 0, size);
            return last == 0 ? new FileRange(false, 0, null) : new FileRange(true, size - last, last);
        }

        if (from >= size) return new FileRange(false, 0, null);
        var to = Math.Min(item.To ?? (size - 1), size - 1);
        return new FileRange(true, from, to - from + 1);
    }

    private static bool IsOfAnotherVersion(RequestHeaders headers, DateTimeOffset modified) =>
        headers.IfRange is { } version && (version.LastModified is not { } date || date != modified);
}
