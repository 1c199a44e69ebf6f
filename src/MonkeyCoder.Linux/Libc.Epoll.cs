using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>epoll(7) and eventfd(2).</content>
public static partial class Libc
{
    private const int EPOLL_CLOEXEC = 0x80000;
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_DEL = 2;
    private const uint EPOLLIN = 1;
    private const int EFD_CLOEXEC = 0x80000;
    private const int EFD_NONBLOCK = 0x800;

    // struct epoll_event is packed on x64 only: events at 0, data at 4; elsewhere data at 8.
    private static readonly int EpollDataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EpollEventBytes = EpollDataOffset + 8;

    /// <summary>epoll_create1(2).</summary>
    /// <exception cref="SyscallException">EMFILE, ENFILE.</exception>
    public static FileDescriptor CreateEpoll()
    {
        var number = RawEpollCreate(EPOLL_CLOEXEC);
        return number >= 0 ? new FileDescriptor(number) : throw Failed("epoll_create1", "a new epoll");
    }

    /// <summary>eventfd(2), not blocking; a write of 8 bytes makes it readable.</summary>
    /// <exception cref="SyscallException">EMFILE, ENFILE.</exception>
    public static FileDescriptor CreateEventDescriptor()
    {
        var number = RawEventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        return number >= 0 ? new FileDescriptor(number) : throw Failed("eventfd", "a new eventfd");
    }

    /// <summary>epoll_ctl(EPOLL_CTL_ADD): reports <paramref name="key"/> while the descriptor is readable or hung up.</summary>
    /// <exception cref="SyscallException">EEXIST: it is watched already; ENOSPC: the user's limit of watches.</exception>
    public static void EpollAdd(FileDescriptor epoll, FileDescriptor watched, long key)
    {
        ArgumentNullException.ThrowIfNull(watched);
        Span<byte> interest = stackalloc byte[16];
        interest.Clear();
        MemoryMarshal.Write(interest, EPOLLIN);
        MemoryMarshal.Write(interest[EpollDataOffset..], key);
        if (RawEpollControl(epoll, EPOLL_CTL_ADD, watched, interest) != 0)
            throw Failed("epoll_ctl", $"descriptor {watched.Number}");
    }

    /// <summary>epoll_ctl(EPOLL_CTL_DEL). Returns 0 or the errno (ENOENT: not watched).</summary>
    public static int TryEpollRemove(FileDescriptor epoll, FileDescriptor watched) =>
        RawEpollControl(epoll, EPOLL_CTL_DEL, watched, stackalloc byte[16]) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>epoll_wait(2) without a time limit. Returns how many of <paramref name="keys"/> it has filled.</summary>
    /// <exception cref="SyscallException">EBADF: the epoll has been closed.</exception>
    public static int EpollWait(FileDescriptor epoll, Span<long> keys)
    {
        Span<byte> events = stackalloc byte[keys.Length * EpollEventBytes];
        int count;
        while ((count = RawEpollWait(epoll, events, keys.Length, -1)) < 0)
            if (Marshal.GetLastPInvokeError() != ErrnoName.EINTR) throw Failed("epoll_wait", "the epoll");
        for (var i = 0; i < count; i++)
            keys[i] = MemoryMarshal.Read<long>(events[(i * EpollEventBytes + EpollDataOffset)..]);
        return count;
    }

    // epoll_create1(2), epoll_ctl(2), epoll_wait(2), eventfd(2)
    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int RawEpollCreate(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static partial int RawEpollControl(FileDescriptor epoll, int operation, FileDescriptor watched, Span<byte> interest);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static partial int RawEpollWait(FileDescriptor epoll, Span<byte> events, int most, int timeoutMilliseconds);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    private static partial int RawEventfd(uint initial, int flags);
}
