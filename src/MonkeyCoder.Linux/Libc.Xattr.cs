using System.Runtime.InteropServices;
using System.Text;

namespace MonkeyCoder.Linux;

/// <content>Extended attributes: xattr(7).</content>
public static partial class Libc
{
    private const int MaxAttributeBytes = 64 * 1024;

    /// <summary>Names of a file's attributes that begin with <paramref name="prefix"/>; links are followed. Empty where there are none, or no such thing.</summary>
    public static IReadOnlyList<string> ListAttributes(string path, string prefix)
    {
        var needed = RawListAttributes(path, [], 0);
        if (needed <= 0) return [];
        var buffer = new byte[Math.Min((int)needed + 1024, MaxAttributeBytes)];
        var count = RawListAttributes(path, buffer, (nuint)buffer.Length);
        if (count <= 0) return [];
        var names = new List<string>();
        foreach (var range in buffer.AsSpan(0, (int)count).Split((byte)0))
        {
            var name = Encoding.UTF8.GetString(buffer.AsSpan(0, (int)count)[range]);
            if (name.StartsWith(prefix, StringComparison.Ordinal)) names.Add(name);
        }

        return names;
    }

    /// <summary>getxattr(2) as text; null where it is not there.</summary>
    public static string? TryGetAttribute(string path, string name)
    {
        var needed = RawGetAttribute(path, name, [], 0);
        if (needed < 0) return null;
        var buffer = new byte[Math.Min((int)needed + 256, MaxAttributeBytes)];
        var count = RawGetAttribute(path, name, buffer, (nuint)buffer.Length);
        return count < 0 ? null : Encoding.UTF8.GetString(buffer, 0, (int)count);
    }

    /// <summary>fsetxattr(2). Returns 0 or the errno (EOPNOTSUPP, ENOSPC).</summary>
    public static int TrySetAttribute(FileDescriptor file, string name, ReadOnlySpan<byte> value) =>
        Errno(RawSetAttribute(file, name, value, (nuint)value.Length, 0));

    /// <summary>fremovexattr(2). Returns 0 or the errno (ENODATA).</summary>
    public static int TryRemoveAttribute(FileDescriptor file, string name) => Errno(RawRemoveAttribute(file, name));

    // listxattr(2), getxattr(2), setxattr(2), removexattr(2)
    [LibraryImport("libc", EntryPoint = "listxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RawListAttributes(string path, Span<byte> names, nuint length);

    [LibraryImport("libc", EntryPoint = "getxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RawGetAttribute(string path, string name, Span<byte> value, nuint length);

    [LibraryImport("libc", EntryPoint = "fsetxattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawSetAttribute(FileDescriptor file, string name, ReadOnlySpan<byte> value, nuint length, int flags);

    [LibraryImport("libc", EntryPoint = "fremovexattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawRemoveAttribute(FileDescriptor file, string name);
}
