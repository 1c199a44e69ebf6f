using System.Globalization;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Mounts;

/// <summary>A user namespace with no process in it, made to say how ids are mapped (user_namespaces(7)).</summary>
internal static class MappingNamespace
{
    private const string Unshare = "/usr/bin/unshare";

    /// <summary>A descriptor of a user namespace with the mapping of <paramref name="range"/>.</summary>
    /// <exception cref="SyscallException">User namespaces are off, or unshare(1) is missing.</exception>
    public static FileDescriptor Open(UidRange range)
    {
        var (stdin, input) = Libc.Pipe();
        using var stdinEnd = stdin;
        using var inputEnd = input;
        var (output, stdout) = Libc.Pipe();
        using var outputEnd = output;
        using var stdoutEnd = stdout;

        var pid = Libc.Spawn(new SpawnRequest
        {
            Path = Unshare,
            Arguments = [Unshare, "--user", "--", "/bin/cat"],
            Descriptors = [new(stdin, 0), new(stdout, 1)],
        });
        try
        {
            // Only the copies in the child keep the pipe open: if it ends early, the read below sees the end.
            stdin.Dispose();
            stdout.Dispose();
            WaitForEcho(input, output);
            var map = string.Create(CultureInfo.InvariantCulture, $"0 {range.First} {UidRange.Length}");
            WriteMap($"/proc/{pid}/uid_map", map);
            WriteMap($"/proc/{pid}/gid_map", map);
            return Libc.OpenForReading($"/proc/{pid}/ns/user");
        }
        finally
        {
            input.Dispose();
            Libc.WaitChild(pid, keep: false);
        }
    }

    /// <summary>cat(1) answers only after unshare(1) has made the namespace and become it.</summary>
    private static void WaitForEcho(FileDescriptor input, FileDescriptor output)
    {
        Span<byte> answer = stackalloc byte[1];
        if (Libc.TryWriteAll(input, "m"u8) != 0 || Libc.TryRead(output, answer) != 1)
            throw new SyscallException("unshare", ErrnoName.EPERM, "a user namespace; see user.max_user_namespaces");
    }

    private static void WriteMap(string path, string map)
    {
        using var file = Libc.OpenForWriting(path);
        var errno = Libc.TryWriteAll(file, System.Text.Encoding.ASCII.GetBytes(map));
        if (errno != 0) throw new SyscallException("write", Math.Abs(errno), path);
    }
}
