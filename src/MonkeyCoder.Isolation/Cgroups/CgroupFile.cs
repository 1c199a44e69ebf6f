using System.Buffers.Text;
using System.Globalization;
using System.Text;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Cgroups;

/// <summary>Reads and writes the small text files of a cgroup without allocating buffers.</summary>
internal static class CgroupFile
{
    private const int SmallFileBytes = 4096;

    /// <summary>Writes the text in one write(2).</summary>
    /// <exception cref="SyscallException">With the file as its subject.</exception>
    public static void Write(string path, string text)
    {
        using var file = Libc.OpenForWriting(path);
        Span<byte> bytes = stackalloc byte[256];
        var length = Encoding.ASCII.GetBytes(text, bytes);
        var written = Libc.TryWrite(file, bytes[..length]);
        if (written < 0) throw new SyscallException("write", -written, path);
    }

    /// <summary>As <see cref="Write(string, string)"/>, for a number.</summary>
    public static void Write(string path, long value) => Write(path, value.ToString(CultureInfo.InvariantCulture));

    /// <summary>Writes where the file exists: not every kernel has every file.</summary>
    public static void WriteIfThere(string path, long value)
    {
        if (File.Exists(path)) Write(path, value);
    }

    /// <summary>The number a file holds; 0 where there is no such file, <see cref="long.MaxValue"/> for <c>max</c>.</summary>
    public static long ReadNumber(string path)
    {
        Span<byte> buffer = stackalloc byte[64];
        return ParseNumber(buffer[..Read(path, buffer)]);
    }

    /// <summary>The number after <paramref name="key"/> and a space at the start of a line; 0 where there is none.</summary>
    public static long ReadKey(string path, ReadOnlySpan<byte> key)
    {
        Span<byte> buffer = stackalloc byte[SmallFileBytes];
        return FindKey(buffer[..Read(path, buffer)], key);
    }

    /// <summary>As <see cref="ReadKey"/>, on text that has been read.</summary>
    public static long FindKey(ReadOnlySpan<byte> text, ReadOnlySpan<byte> key)
    {
        while (!text.IsEmpty)
        {
            var end = text.IndexOf((byte)'\n');
            var line = end < 0 ? text : text[..end];
            if (line.Length > key.Length && line[key.Length] == (byte)' ' && line.StartsWith(key))
                return ParseNumber(line[(key.Length + 1)..]);
            text = end < 0 ? [] : text[(end + 1)..];
        }

        return 0;
    }

    /// <summary>Fills the buffer from the start of the file; 0 where there is no such file.</summary>
    public static int Read(string path, Span<byte> buffer)
    {
        try
        {
            using var file = Libc.OpenForReading(path);
            var length = 0;
            while (length < buffer.Length)
            {
                var count = Libc.TryRead(file, buffer[length..]);
                // ENODEV: the group was removed while its file was open.
                if (count is 0 or -ErrnoName.ENODEV) break;
                if (count < 0) throw new SyscallException("read", -count, path);
                length += count;
            }

            return length;
        }
        catch (SyscallException e) when (e.Errno is ErrnoName.ENOENT or ErrnoName.ENODEV)
        {
            return 0;
        }
    }

    /// <summary>The pids of a <c>cgroup.procs</c>; none where there is no such file.</summary>
    public static IReadOnlyList<int> ReadPids(string path)
    {
        var buffer = new byte[SmallFileBytes];
        int length;
        while ((length = Read(path, buffer)) == buffer.Length) buffer = new byte[buffer.Length * 4];

        var pids = new List<int>();
        ReadOnlySpan<byte> rest = buffer.AsSpan(0, length);
        while (Utf8Parser.TryParse(rest, out int pid, out var used))
        {
            // 0 stands for a process that cannot be seen from this pid namespace.
            if (pid > 0) pids.Add(pid);
            rest = rest[Math.Min(rest.Length, used + 1)..];
        }

        return pids;
    }

    /// <summary>The number at the start of the text, as <see cref="ReadNumber"/> understands it.</summary>
    public static long ParseNumber(ReadOnlySpan<byte> text)
    {
        if (text.StartsWith("max"u8)) return long.MaxValue;
        if (Utf8Parser.TryParse(text, out long value, out _)) return value;
        // v1 shows "no limit" as a number near 2^63, some counters as unsigned.
        return Utf8Parser.TryParse(text, out ulong large, out _) ? (long)Math.Min(large, long.MaxValue) : 0;
    }
}
