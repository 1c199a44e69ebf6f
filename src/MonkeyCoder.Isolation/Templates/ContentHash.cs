using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>A hash of a set of files: their relative names, executable bits and bytes; neither times nor owners.</summary>
internal static class ContentHash
{
    /// <summary>Relative paths of all files below <paramref name="directory"/>, in ordinal order, but those in its <paramref name="exclude"/>.</summary>
    public static IReadOnlyList<string> ListFiles(string directory, string? exclude)
    {
        var files = Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(directory, path))
            .Where(path => exclude is null || !path.StartsWith(exclude + "/", StringComparison.Ordinal))
            .ToArray();
        Array.Sort(files, StringComparer.Ordinal);
        return files;
    }

    /// <summary>SHA-256 in lower-case hex over <paramref name="salt"/> and each file's name, executable bit, length and bytes.</summary>
    public static string Compute(string directory, IReadOnlyList<string> files, string salt)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        AppendText(hash, salt);
        foreach (var file in files)
        {
            var path = Path.Combine(directory, file);
            AppendText(hash, file);
            AppendText(hash, IsExecutable(path) ? "x" : "-");
            AppendFile(hash, path);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>True where anybody may execute the file.</summary>
    public static bool IsExecutable(string path) =>
        (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;

    private static void AppendText(IncrementalHash hash, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        AppendLength(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    private static void AppendFile(IncrementalHash hash, string path)
    {
        using var stream = File.OpenRead(path);
        AppendLength(hash, stream.Length);
        var buffer = new byte[81920];
        while (stream.Read(buffer) is > 0 and var count)
            hash.AppendData(buffer.AsSpan(0, count));
    }

    private static void AppendLength(IncrementalHash hash, long length)
    {
        Span<byte> bytes = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
        hash.AppendData(bytes);
    }
}
