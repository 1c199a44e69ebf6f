using MonkeyCoder.Sandbox.E2b.Connect;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Metadata of an upload: headers <c>X-Metadata-KEY</c>, kept as xattrs of the file.</summary>
internal static class FileMetadata
{
    private const string Prefix = "X-Metadata-";

    /// <summary>XATTR_NAME_MAX without <c>user.e2b.</c></summary>
    private const int MaxKeyBytes = 246;

    private const int MaxTotalBytes = 4096;

    /// <summary>Keys in lower case; refuses what is too long or not printable ASCII.</summary>
    public static IReadOnlyDictionary<string, string> Read(HttpRequest request)
    {
        var metadata = new Dictionary<string, string>(StringComparer.Ordinal);
        var total = 0;
        foreach (var (name, values) in request.Headers)
        {
            if (!name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase)) continue;
            var key = name[Prefix.Length..].ToLowerInvariant();
            var value = values.ToString();
            if (key.Length is 0 or > MaxKeyBytes) throw ConnectErrors.InvalidArgument($"a metadata key must have 1 to {MaxKeyBytes} characters");
            if (!IsPrintable(key) || !IsPrintable(value)) throw ConnectErrors.InvalidArgument("metadata must be printable ASCII");
            total += key.Length + value.Length;
            metadata[key] = value;
        }

        return total <= MaxTotalBytes ? metadata : throw ConnectErrors.InvalidArgument($"metadata is larger than {MaxTotalBytes} bytes");
    }

    private static bool IsPrintable(string text) => !text.AsSpan().ContainsAnyExceptInRange(' ', '~');
}
