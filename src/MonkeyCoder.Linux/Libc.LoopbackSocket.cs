using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>TCP sockets of 127.0.0.1 that one process makes and connects for another: ip(7), tcp(7).</content>
public static partial class Libc
{
    private const int IPPROTO_IP = 0;
    private const int IP_BIND_ADDRESS_NO_PORT = 24;
    private const int IP_LOCAL_PORT_RANGE = 51; // Linux 6.3
    private const int LoopbackAddressBytes = 16;

    /// <summary>
    /// A TCP socket that is 127.0.0.1's for good: whatever is done with it, nobody outside this machine reaches it, and it
    /// reaches nobody there. It has no port, and gets none but that of <see cref="TryConnectLoopback"/>: the only one that it may
    /// choose from is taken, so listen(2) fails with EADDRINUSE.
    /// </summary>
    /// <param name="nonBlocking">Of the socket.</param>
    /// <param name="takenPort">Of a listener on 127.0.0.1, in the range that the kernel chooses from.</param>
    /// <exception cref="SyscallException">EMFILE; EACCES: Landlock allows no binding to port 0; ENOPROTOOPT: Linux before 6.3.</exception>
    public static FileDescriptor NewLoopbackSocket(bool nonBlocking, int takenPort)
    {
        var number = RawSocket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (nonBlocking ? O_NONBLOCK : 0), 0);
        if (number < 0) throw Failed("socket", "a loopback socket");
        var socket = new FileDescriptor(number);
        try
        {
            var yes = 1;
            if (RawSetOption(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, in yes, sizeof(int)) != 0) throw Failed("setsockopt", "a loopback socket");
            ChooseLocalPortFrom(socket, new LocalPorts((ushort)takenPort, (ushort)takenPort));
            if (RawBind(socket, LoopbackAddress(0), LoopbackAddressBytes) != 0) throw Failed("bind", "127.0.0.1");
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Connects a socket of <see cref="NewLoopbackSocket"/> to the port that was named there, and leaves it waiting or not as it was. Where this
    /// fails, whoever else has the socket may have made it listen meanwhile: shut it down.
    /// </summary>
    /// <param name="socket">The socket.</param>
    /// <param name="port">On 127.0.0.1.</param>
    /// <param name="local">What its own port is chosen from.</param>
    /// <param name="timeoutMilliseconds">Until ETIMEDOUT.</param>
    /// <returns>0 or the errno; ETIMEDOUT where nobody accepted in time.</returns>
    /// <exception cref="SyscallException">EBADF.</exception>
    public static int TryConnectLoopback(FileDescriptor socket, int port, LocalPorts local, int timeoutMilliseconds)
    {
        ArgumentNullException.ThrowIfNull(socket);
        var flags = RawFcntl(socket, F_GETFL, 0);
        SetNonBlocking(socket, true);
        try
        {
            ChooseLocalPortFrom(socket, local);
            var errno = RawConnect(socket, LoopbackAddress(port), LoopbackAddressBytes) == 0 ? 0 : Marshal.GetLastPInvokeError();
            // It has its port by now.
            ChooseLocalPortFrom(socket, new LocalPorts((ushort)port, (ushort)port));
            if (errno != ErrnoName.EINPROGRESS) return errno;
            Span<PollEntry> entries = [new(socket.Number, POLLOUT)];
            return Poll(entries, timeoutMilliseconds) == 0 ? ErrnoName.ETIMEDOUT : TakeSocketError(socket);
        }
        finally
        {
            if ((flags & O_NONBLOCK) == 0) SetNonBlocking(socket, false);
        }
    }

    private static void ChooseLocalPortFrom(FileDescriptor socket, LocalPorts ports)
    {
        var range = ports.Lowest | (ports.Highest << 16);
        if (RawSetOption(socket, IPPROTO_IP, IP_LOCAL_PORT_RANGE, in range, sizeof(int)) != 0) throw Failed("setsockopt", "a loopback socket");
    }

    private static byte[] LoopbackAddress(int port)
    {
        var address = new byte[LoopbackAddressBytes];
        BinaryPrimitives.WriteUInt16LittleEndian(address, AF_INET);
        BinaryPrimitives.WriteUInt16BigEndian(address.AsSpan(2), (ushort)port);
        BinaryPrimitives.WriteUInt32BigEndian(address.AsSpan(4), 0x7F000001);
        return address;
    }

    // setsockopt(2)
    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int RawSetOption(FileDescriptor socket, int level, int name, in int value, uint length);
}
