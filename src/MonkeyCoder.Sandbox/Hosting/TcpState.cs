using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>What the kernel knows of the other side of a connection; tcp(7), TCP_INFO.</summary>
/// <param name="Retransmits">How often in a row it has sent the same data again.</param>
/// <param name="Probes">Questions that are not answered, about its window or whether it is there.</param>
/// <param name="SinceAcknowledged">Time since anything has been acknowledged.</param>
internal readonly record struct TcpState(int Retransmits, int Probes, TimeSpan SinceAcknowledged)
{
    private const int Tcp = 6;
    private const int TcpInfo = 11;

    // Places in struct tcp_info of linux/tcp.h.
    private const int RetransmitsAt = 2;
    private const int ProbesAt = 3;
    private const int SinceAcknowledgedAt = 56;
    private const int Size = 60;

    public static TcpState Read(Socket socket)
    {
        Span<byte> info = stackalloc byte[Size];
        socket.GetRawSocketOption(Tcp, TcpInfo, info);
        return new TcpState(
            info[RetransmitsAt], info[ProbesAt], TimeSpan.FromMilliseconds(MemoryMarshal.Read<uint>(info[SinceAcknowledgedAt..])));
    }

    /// <summary>
    /// Whether it owes an answer, and nothing has come for that long. One question that is not answered may have been asked
    /// just now, long after the one before: of a client that reads nothing, the kernel asks ever less often.
    /// </summary>
    public bool IsLost(TimeSpan patience) => (Retransmits > 0 || Probes > 1) && SinceAcknowledged >= patience;
}
