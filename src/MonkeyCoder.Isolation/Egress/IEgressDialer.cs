using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Connects to addresses that have been judged.</summary>
public interface IEgressDialer
{
    /// <summary>A connected socket.</summary>
    /// <exception cref="SocketException">Nobody there.</exception>
    ValueTask<Socket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken);
}

/// <summary>Connects from the node's own network.</summary>
public sealed class SocketDialer : IEgressDialer
{
    // Fixed, so that a sandbox cannot make the node hold more for it by not reading; wide enough for 100 Mbit/s over 20 ms.
    private const int BufferBytes = 256 * 1024;

    public async ValueTask<Socket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
        {
            NoDelay = true,
            ReceiveBufferSize = BufferBytes,
            SendBufferSize = BufferBytes,
        };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
