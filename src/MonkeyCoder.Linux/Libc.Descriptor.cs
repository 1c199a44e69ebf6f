using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <summary>System calls through the C library: one file per kernel facility.</summary>
public static partial class Libc
{
    // fcntl(2), the same on x64 and arm64.
    private const int F_GETFD = 1;
    private const int F_SETFD = 2;
    private const int F_GETFL = 3;
    private const int F_SETFL = 4;
    private const int F_DUPFD_CLOEXEC = 1030;
    private const int FD_CLOEXEC = 1;
    private const int O_NONBLOCK = 0x800;
    private const int O_CLOEXEC = 0x80000;

    /// <summary>read(2). Returns bytes read, 0 at the end, or the negated errno; restarts on EINTR.</summary>
    public static int TryRead(FileDescriptor descriptor, Span<byte> buffer)
    {
        while (true)
        {
            var count = RawRead(descriptor, buffer, (nuint)buffer.Length);
            if (count >= 0) return (int)count;
            var errno = Marshal.GetLastPInvokeError();
            if (errno != ErrnoName.EINTR) return -errno;
        }
    }

    /// <summary>write(2). Returns bytes written or the negated errno; restarts on EINTR.</summary>
    public static int TryWrite(FileDescriptor descriptor, ReadOnlySpan<byte> bytes)
    {
        while (true)
        {
            var count = RawWrite(descriptor, bytes, (nuint)bytes.Length);
            if (count >= 0) return (int)count;
            var errno = Marshal.GetLastPInvokeError();
            if (errno != ErrnoName.EINTR) return -errno;
        }
    }

    /// <summary>write(2) until all is written. Returns 0 or the negated errno; for blocking descriptors.</summary>
    public static int TryWriteAll(FileDescriptor descriptor, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = TryWrite(descriptor, bytes);
            if (count < 0) return count;
            bytes = bytes[count..];
        }

        return 0;
    }

    /// <summary>pipe2(2), both ends close-on-exec.</summary>
    /// <exception cref="SyscallException">EMFILE, ENFILE.</exception>
    public static (FileDescriptor Reader, FileDescriptor Writer) Pipe()
    {
        Span<int> ends = stackalloc int[2];
        if (RawPipe2(ends, O_CLOEXEC) != 0) throw Failed("pipe2", "a new pipe");
        return (new FileDescriptor(ends[0]), new FileDescriptor(ends[1]));
    }

    /// <summary>fcntl(F_SETFD, FD_CLOEXEC): what is started later does not get the descriptor.</summary>
    /// <exception cref="SyscallException">EBADF: it is not open.</exception>
    public static void SetCloseOnExec(FileDescriptor descriptor)
    {
        if (RawFcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) throw Failed("fcntl", $"descriptor {descriptor.Number}");
    }

    /// <summary>fcntl(F_SETFL): makes calls on the descriptor return EAGAIN instead of waiting.</summary>
    /// <exception cref="SyscallException">EBADF.</exception>
    public static void SetNonBlocking(FileDescriptor descriptor, bool nonBlocking)
    {
        var flags = RawFcntl(descriptor, F_GETFL, 0);
        if (flags < 0) throw Failed("fcntl", $"descriptor {descriptor.Number}");
        flags = nonBlocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        if (RawFcntl(descriptor, F_SETFL, flags) != 0) throw Failed("fcntl", $"descriptor {descriptor.Number}");
    }

    /// <summary>fcntl(F_DUPFD_CLOEXEC): a copy numbered <paramref name="least"/> or above.</summary>
    /// <exception cref="SyscallException">EMFILE.</exception>
    public static FileDescriptor DuplicateAtLeast(FileDescriptor descriptor, int least)
    {
        var number = RawFcntl(descriptor, F_DUPFD_CLOEXEC, least);
        return number >= 0 ? new FileDescriptor(number) : throw Failed("fcntl", $"descriptor {descriptor.Number}");
    }

    /// <summary>close(2) of a number; for <see cref="FileDescriptor"/>.</summary>
    internal static int CloseNumber(int number) => RawClose(number);

    /// <summary>The exception for the call that has just failed (reads errno).</summary>
    internal static SyscallException Failed(string call, string subject) => new(call, Marshal.GetLastPInvokeError(), subject);

    // read(2), write(2), pipe(2), fcntl(2), close(2)
    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    private static partial nint RawRead(FileDescriptor descriptor, Span<byte> buffer, nuint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    private static partial nint RawWrite(FileDescriptor descriptor, ReadOnlySpan<byte> bytes, nuint count);

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int RawPipe2(Span<int> ends, int flags);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int RawFcntl(FileDescriptor descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int RawClose(int number);
}
