using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>Descriptors that travel over unix sockets: SCM_RIGHTS of unix(7), sendmsg(2), recvmsg(2).</content>
public static partial class Libc
{
    private const int SOCK_SEQPACKET = 5;
    private const int SCM_RIGHTS = 1;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;

    // struct cmsghdr on 64 bits: cmsg_len, cmsg_level, cmsg_type; what follows is aligned to 8 bytes.
    private const int ControlHeaderBytes = 16;

    /// <summary>Two connected sockets that keep packets apart.</summary>
    /// <exception cref="SyscallException">EMFILE.</exception>
    public static (FileDescriptor Ours, FileDescriptor Theirs) PacketSocketPair()
    {
        Span<int> ends = stackalloc int[2];
        if (RawSocketPair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw Failed("socketpair", "a new pair");
        return (new FileDescriptor(ends[0]), new FileDescriptor(ends[1]));
    }

    /// <summary>Sends bytes, one or more, and copies of descriptors with them. Returns the count sent, or the negated errno.</summary>
    public static int TrySendDescriptors(SafeHandle socket, ReadOnlySpan<byte> bytes, IReadOnlyList<FileDescriptor> descriptors)
    {
        ArgumentNullException.ThrowIfNull(descriptors);
        var control = new byte[ControlHeaderBytes + (((descriptors.Count * sizeof(int)) + 7) & ~7)];
        var length = (nuint)(ControlHeaderBytes + (descriptors.Count * sizeof(int)));
        MemoryMarshal.Write(control, in length);
        MemoryMarshal.Write(control.AsSpan(8), SOL_SOCKET);
        MemoryMarshal.Write(control.AsSpan(12), SCM_RIGHTS);
        for (var i = 0; i < descriptors.Count; i++) MemoryMarshal.Write(control.AsSpan(ControlHeaderBytes + (i * sizeof(int))), descriptors[i].Number);
        try
        {
            return WithMessage(bytes.ToArray(), control, (ref MessageHeader message) => (int)RawSendMessage(socket, ref message, MSG_NOSIGNAL), out _);
        }
        finally
        {
            // Their numbers are in the message; none may be closed before it is sent.
            GC.KeepAlive(descriptors);
        }
    }

    /// <summary>
    /// Receives bytes, and descriptors that came with the first of them. Returns the count, 0 at the end, or the negated errno;
    /// restarts on EINTR.
    /// </summary>
    /// <param name="socket">Where from.</param>
    /// <param name="buffer">For the bytes.</param>
    /// <param name="most">Descriptors that are taken; what comes on top is closed by the kernel.</param>
    /// <param name="received">The caller's to close.</param>
    public static int TryReceiveDescriptors(SafeHandle socket, Span<byte> buffer, int most, out IReadOnlyList<FileDescriptor> received)
    {
        var bytes = new byte[buffer.Length];
        var control = new byte[ControlHeaderBytes + (((most * sizeof(int)) + 7) & ~7)];
        int count;
        nuint filled;
        do
        {
            count = WithMessage(bytes, control, (ref MessageHeader message) => (int)RawReceiveMessage(socket, ref message, MSG_CMSG_CLOEXEC), out filled);
        }
        while (count == -ErrnoName.EINTR);

        var taken = new List<FileDescriptor>();
        received = taken;
        if (count <= 0) return count;
        bytes.AsSpan(0, count).CopyTo(buffer);
        if (filled < ControlHeaderBytes || MemoryMarshal.Read<int>(control.AsSpan(8)) != SOL_SOCKET || MemoryMarshal.Read<int>(control.AsSpan(12)) != SCM_RIGHTS)
            return count;
        var end = Math.Min((int)filled, (int)MemoryMarshal.Read<nuint>(control));
        for (var at = ControlHeaderBytes; at + sizeof(int) <= end; at += sizeof(int)) taken.Add(new FileDescriptor(MemoryMarshal.Read<int>(control.AsSpan(at))));
        return count;
    }

    private delegate int MessageCall(ref MessageHeader message);

    private static int WithMessage(byte[] bytes, byte[] control, MessageCall call, out nuint controlLength)
    {
        var pinnedBytes = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        var pinnedControl = GCHandle.Alloc(control, GCHandleType.Pinned);
        nint[] vector = [pinnedBytes.AddrOfPinnedObject(), bytes.Length];
        var pinnedVector = GCHandle.Alloc(vector, GCHandleType.Pinned);
        try
        {
            var message = new MessageHeader
            {
                Vector = pinnedVector.AddrOfPinnedObject(),
                VectorCount = 1,
                Control = pinnedControl.AddrOfPinnedObject(),
                ControlLength = (nuint)control.Length,
            };
            var count = call(ref message);
            var errno = Marshal.GetLastPInvokeError();
            controlLength = message.ControlLength;
            return count >= 0 ? count : -errno;
        }
        finally
        {
            pinnedVector.Free();
            pinnedControl.Free();
            pinnedBytes.Free();
        }
    }

    // struct msghdr on 64 bits
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHeader
    {
        public nint Name;
        public uint NameLength;
        public nint Vector;
        public nuint VectorCount;
        public nint Control;
        public nuint ControlLength;
        public int Flags;
    }

    // sendmsg(2), recvmsg(2)
    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint RawSendMessage(SafeHandle socket, ref MessageHeader message, int flags);

    [LibraryImport("libc", EntryPoint = "recvmsg", SetLastError = true)]
    private static partial nint RawReceiveMessage(SafeHandle socket, ref MessageHeader message, int flags);
}
