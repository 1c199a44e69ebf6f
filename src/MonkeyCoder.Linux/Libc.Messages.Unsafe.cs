using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>Messages with descriptors over unix sockets: sendmsg(2), recvmsg(2), SCM_RIGHTS of unix(7).</content>
public static partial class Libc
{
    // <sys/socket.h>, the same on x64 and arm64.
    private const int SOCK_SEQPACKET = 5;
    private const int SCM_RIGHTS = 1;
    private const int MSG_CTRUNC = 0x8;
    private const int MSG_TRUNC = 0x20;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;
    private const int SO_RCVTIMEO = 20;
    private const int ControlHeaderBytes = 16; // struct cmsghdr
    private const int MostDescriptors = 32;
    private const int ControlBytes = ControlHeaderBytes + (MostDescriptors * sizeof(int));

    /// <summary>Two connected sockets that keep the bounds of messages.</summary>
    /// <exception cref="SyscallException">EMFILE.</exception>
    public static (FileDescriptor Ours, FileDescriptor Theirs) MessageSocketPair()
    {
        Span<int> ends = stackalloc int[2];
        if (RawSocketPair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw Failed("socketpair", "a new pair");
        return (new FileDescriptor(ends[0]), new FileDescriptor(ends[1]));
    }

    /// <summary>Receiving ends with EAGAIN after this long.</summary>
    /// <exception cref="SyscallException">It is no socket.</exception>
    public static void SetReceiveTimeout(FileDescriptor socket, TimeSpan timeout)
    {
        Span<long> time = [(long)timeout.TotalSeconds, timeout.Microseconds + (timeout.Milliseconds * 1000L)];
        if (RawSetOption(socket, SOL_SOCKET, SO_RCVTIMEO, time, (uint)(time.Length * sizeof(long))) != 0) throw Failed("setsockopt", "SO_RCVTIMEO");
    }

    /// <summary>Sends one message, without SIGPIPE. Returns 0 or the errno (EPIPE: nobody receives any more; EMSGSIZE: a stream took a part only).</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bytes">Not empty.</param>
    /// <param name="descriptors">Sent along, at most 32; the sender keeps its own.</param>
    public static unsafe int TrySendMessage(SafeHandle socket, ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MostDescriptors);
        Span<byte> control = stackalloc byte[ControlBytes];
        control.Clear();
        var controlLength = 0;
        if (!descriptors.IsEmpty)
        {
            controlLength = ControlHeaderBytes + (descriptors.Length * sizeof(int));
            MemoryMarshal.Write(control, (long)controlLength);
            MemoryMarshal.Write(control[8..], SOL_SOCKET);
            MemoryMarshal.Write(control[12..], SCM_RIGHTS);
            MemoryMarshal.AsBytes(descriptors).CopyTo(control[ControlHeaderBytes..]);
            // CMSG_SPACE: padded to 8 bytes.
            controlLength = (controlLength + 7) & ~7;
        }

        // SAFETY: both buffers are pinned for the call, and the kernel reads no more than the lengths given.
        fixed (byte* data = bytes)
        fixed (byte* ancillary = control)
        {
            var vector = new IoVector { Base = data, Length = (nuint)bytes.Length };
            var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = controlLength == 0 ? null : ancillary, ControlLength = (nuint)controlLength };
            nint count;
            while ((count = RawSendMessage(socket, &message, MSG_NOSIGNAL)) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno != ErrnoName.EINTR) return errno;
            }

            return count == bytes.Length ? 0 : ErrnoName.EMSGSIZE;
        }
    }

    /// <summary>Receives one message. Returns its length, 0 at the end, or the negated errno (EMSGSIZE: it did not fit).</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="bytes">For the message.</param>
    /// <param name="descriptors">What came along; the caller's to close.</param>
    public static unsafe int TryReceiveMessage(SafeHandle socket, Span<byte> bytes, out FileDescriptor[] descriptors)
    {
        descriptors = [];
        Span<byte> control = stackalloc byte[ControlBytes];
        // SAFETY: both buffers are pinned for the call, and the kernel writes no more than the lengths given.
        fixed (byte* data = bytes)
        fixed (byte* ancillary = control)
        {
            var vector = new IoVector { Base = data, Length = (nuint)bytes.Length };
            var message = new MessageHeader { Vectors = &vector, VectorCount = 1, Control = ancillary, ControlLength = ControlBytes };
            nint count;
            while ((count = RawReceiveMessage(socket, &message, MSG_CMSG_CLOEXEC)) < 0)
            {
                var errno = Marshal.GetLastPInvokeError();
                if (errno != ErrnoName.EINTR) return -errno;
            }

            descriptors = TakeDescriptors(control[..(int)message.ControlLength]);
            if ((message.Flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) return (int)count;
            foreach (var descriptor in descriptors) descriptor.Dispose();
            descriptors = [];
            return -ErrnoName.EMSGSIZE;
        }
    }

    private static FileDescriptor[] TakeDescriptors(ReadOnlySpan<byte> control)
    {
        if (control.Length < ControlHeaderBytes || MemoryMarshal.Read<int>(control[12..]) != SCM_RIGHTS) return [];
        var numbers = MemoryMarshal.Cast<byte, int>(control[ControlHeaderBytes..(int)MemoryMarshal.Read<long>(control)]);
        var descriptors = new FileDescriptor[numbers.Length];
        for (var i = 0; i < descriptors.Length; i++) descriptors[i] = new FileDescriptor(numbers[i]);
        return descriptors;
    }

    // struct iovec, struct msghdr
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct IoVector
    {
        public byte* Base;
        public nuint Length;
    }

    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct MessageHeader
    {
        public byte* Name;
        public uint NameLength;
        public IoVector* Vectors;
        public nuint VectorCount;
        public byte* Control;
        public nuint ControlLength;
        public int Flags;
    }

    // sendmsg(2), recvmsg(2), setsockopt(2)
    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static unsafe partial nint RawSendMessage(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static unsafe partial nint RawReceiveMessage(SafeHandle socket, MessageHeader* message, int flags);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int RawSetOption(FileDescriptor socket, int level, int name, ReadOnlySpan<long> value, uint length);
}
