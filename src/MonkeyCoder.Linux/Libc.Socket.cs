using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace MonkeyCoder.Linux;

/// <content>Stream sockets: unix(7) and TCP over loopback, socket(2), accept4(2), socketpair(2), shutdown(2).</content>
public static partial class Libc
{
    private const int AF_UNIX = 1;
    private const int AF_INET = 2;
    private const int AF_INET6 = 10;
    private const int SOCK_STREAM = 1;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int SOL_SOCKET = 1;
    private const int SO_ERROR = 4;

    /// <summary>Longest path of a unix socket, in bytes without its NUL (unix(7): sun_path has 108).</summary>
    public const int MaxUnixPathBytes = 107;

    /// <summary>Binds a unix stream socket to a path that does not exist yet, and listens.</summary>
    /// <param name="path">Where; its mode is 0777 and the umask.</param>
    /// <param name="backlog">Connections that may wait for accept.</param>
    /// <exception cref="ArgumentException">The path is longer than <see cref="MaxUnixPathBytes"/> or has a NUL.</exception>
    /// <exception cref="SyscallException">E.g. EADDRINUSE: the path exists.</exception>
    public static FileDescriptor ListenUnix(string path, int backlog)
    {
        var address = UnixAddress(path);
        var socket = NewSocket(AF_UNIX);
        try
        {
            if (RawBind(socket, address, (uint)address.Length) != 0) throw Failed("bind", path);
            if (RawListen(socket, backlog) != 0) throw Failed("listen", path);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Connects to a listening unix stream socket.</summary>
    /// <exception cref="SyscallException">ENOENT, ECONNREFUSED, EACCES.</exception>
    public static FileDescriptor ConnectUnix(string path)
    {
        var address = UnixAddress(path);
        var socket = NewSocket(AF_UNIX);
        if (RawConnect(socket, address, (uint)address.Length) == 0) return socket;
        var failure = Failed("connect", path);
        socket.Dispose();
        throw failure;
    }

    /// <summary>Begins a TCP connection to a port of this machine's loopback, 127.0.0.1 or ::1, without waiting.</summary>
    /// <param name="port">1 to 65535.</param>
    /// <param name="ipv6">::1.</param>
    /// <param name="errno">0: connected; EINPROGRESS: it is writable when done, see <see cref="TakeSocketError"/>.</param>
    /// <returns>The non-blocking socket, or null where the errno is another.</returns>
    public static FileDescriptor? TryBeginConnectLoopback(int port, bool ipv6, out int errno)
    {
        Span<byte> address = stackalloc byte[ipv6 ? 28 : 16];
        address.Clear();
        // sockaddr_in and sockaddr_in6: family in host order, port in network order, then the address.
        BinaryPrimitives.WriteUInt16LittleEndian(address, ipv6 ? (ushort)AF_INET6 : (ushort)AF_INET);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], (ushort)port);
        if (ipv6) address[23] = 1;
        else BinaryPrimitives.WriteUInt32BigEndian(address[4..], 0x7F000001);

        var number = RawSocket(ipv6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | O_NONBLOCK, 0);
        if (number < 0)
        {
            errno = Marshal.GetLastPInvokeError();
            return null;
        }

        var socket = new FileDescriptor(number);
        errno = RawConnect(socket, address, (uint)address.Length) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (errno is 0 or ErrnoName.EINPROGRESS) return socket;
        socket.Dispose();
        return null;
    }

    /// <summary>SO_ERROR: how a connect that was in progress ended; 0 is success.</summary>
    public static int TakeSocketError(FileDescriptor socket)
    {
        var error = 0;
        var length = (uint)sizeof(int);
        return RawGetOption(socket, SOL_SOCKET, SO_ERROR, ref error, ref length) == 0 ? error : Marshal.GetLastPInvokeError();
    }

    /// <summary>Two connected stream sockets.</summary>
    /// <exception cref="SyscallException">EMFILE.</exception>
    public static (FileDescriptor Ours, FileDescriptor Theirs) SocketPair()
    {
        Span<int> ends = stackalloc int[2];
        if (RawSocketPair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw Failed("socketpair", "a new pair");
        return (new FileDescriptor(ends[0]), new FileDescriptor(ends[1]));
    }

    /// <summary>Waits for a connection. Returns it, or null with the errno (EMFILE, ECONNABORTED, EINVAL after shutdown).</summary>
    public static FileDescriptor? TryAccept(FileDescriptor listener, out int errno)
    {
        while (true)
        {
            var number = RawAccept4(listener, 0, 0, SOCK_CLOEXEC);
            errno = number >= 0 ? 0 : Marshal.GetLastPInvokeError();
            if (number >= 0) return new FileDescriptor(number);
            if (errno != ErrnoName.EINTR) return null;
        }
    }

    /// <summary>send(2) until all is sent, without SIGPIPE. Returns 0 or the negated errno.</summary>
    public static int TrySendAll(FileDescriptor socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = RawSend(socket, bytes, (nuint)bytes.Length, MSG_NOSIGNAL);
            if (count >= 0)
            {
                bytes = bytes[(int)count..];
                continue;
            }

            var errno = Marshal.GetLastPInvokeError();
            if (errno != ErrnoName.EINTR) return -errno;
        }

        return 0;
    }

    /// <summary>Which directions of a connection shutdown(2) ends.</summary>
    public enum ShutdownHow
    {
        /// <summary>SHUT_RD</summary>
        Read = 0,
        /// <summary>SHUT_WR: the peer sees the end of the stream.</summary>
        Write = 1,
        /// <summary>SHUT_RDWR: also wakes whoever waits on the socket.</summary>
        Both = 2,
    }

    /// <summary>shutdown(2); false where the socket is not connected any more.</summary>
    public static bool TryShutdown(FileDescriptor socket, ShutdownHow how) => RawShutdown(socket, (int)how) == 0;

    private static FileDescriptor NewSocket(int family)
    {
        var number = RawSocket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return number >= 0 ? new FileDescriptor(number) : throw Failed("socket", $"family {family}");
    }

    private static byte[] UnixAddress(string path)
    {
        var count = Encoding.UTF8.GetByteCount(path);
        if (count is 0 or > MaxUnixPathBytes || path.Contains('\0'))
            throw new ArgumentException($"A unix socket path has 1 to {MaxUnixPathBytes} bytes: '{path}'.", nameof(path));
        var address = new byte[2 + count + 1];
        address[0] = AF_UNIX;
        Encoding.UTF8.GetBytes(path, address.AsSpan(2));
        return address;
    }

    // socket(2), bind(2), listen(2), connect(2), socketpair(2), accept(2), send(2), getsockopt(2), shutdown(2)
    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial int RawSocket(int family, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "bind", SetLastError = true)]
    private static partial int RawBind(FileDescriptor socket, ReadOnlySpan<byte> address, uint length);

    [LibraryImport("libc", EntryPoint = "listen", SetLastError = true)]
    private static partial int RawListen(FileDescriptor socket, int backlog);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    private static partial int RawConnect(FileDescriptor socket, ReadOnlySpan<byte> address, uint length);

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int RawSocketPair(int family, int type, int protocol, Span<int> ends);

    [LibraryImport("libc", EntryPoint = "accept4", SetLastError = true)]
    private static partial int RawAccept4(FileDescriptor listener, nint address, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint RawSend(FileDescriptor socket, ReadOnlySpan<byte> bytes, nuint count, int flags);

    [LibraryImport("libc", EntryPoint = "getsockopt", SetLastError = true)]
    private static partial int RawGetOption(FileDescriptor socket, int level, int name, ref int value, ref uint length);

    [LibraryImport("libc", EntryPoint = "shutdown", SetLastError = true)]
    private static partial int RawShutdown(FileDescriptor socket, int how);
}
