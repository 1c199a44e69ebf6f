using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>Requests to the kernel over netlink(7).</content>
public static partial class Libc
{
    private const int MSG_DONTWAIT = 0x40;
    private const int NLMSG_ERROR = 2;
    private const int NetlinkHeaderBytes = 16;

    /// <summary>Sends messages of which the last asks for an acknowledgement (NLM_F_ACK), and waits for its answer.</summary>
    /// <param name="socket">A netlink socket; used by nobody else meanwhile.</param>
    /// <param name="messages">One or more, aligned.</param>
    /// <param name="lastSequence">Sequence number of the message that is acknowledged.</param>
    /// <param name="subject">What it is about, for the message of the exception.</param>
    /// <exception cref="SyscallException">The kernel refused a message.</exception>
    public static void RequestNetlink(FileDescriptor socket, ReadOnlySpan<byte> messages, uint lastSequence, string subject)
    {
        // The kernel works within send(2): when that returns, every answer lies in the socket.
        if (RawSend(socket, messages, (nuint)messages.Length, 0) != messages.Length) throw Failed("send", subject);
        Span<byte> answers = stackalloc byte[4096];
        while (true)
        {
            var count = (int)RawReceive(socket, answers, (nuint)answers.Length, MSG_DONTWAIT);
            if (count < 0) throw Failed("recv", subject);
            for (var rest = (ReadOnlySpan<byte>)answers[..count]; rest.Length >= NetlinkHeaderBytes + sizeof(int);)
            {
                // struct nlmsghdr: length, type, flags, sequence, port; then of struct nlmsgerr the negated errno.
                var length = BinaryPrimitives.ReadInt32LittleEndian(rest);
                if (BinaryPrimitives.ReadUInt16LittleEndian(rest[4..]) == NLMSG_ERROR)
                {
                    var errno = -BinaryPrimitives.ReadInt32LittleEndian(rest[NetlinkHeaderBytes..]);
                    if (errno != 0) throw new SyscallException("netlink", errno, subject);
                    if (BinaryPrimitives.ReadUInt32LittleEndian(rest[8..]) == lastSequence) return;
                }

                rest = rest[Math.Clamp((length + 3) & ~3, NetlinkHeaderBytes, rest.Length)..];
            }
        }
    }

    // recv(2)
    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint RawReceive(FileDescriptor socket, Span<byte> buffer, nuint count, int flags);
}
