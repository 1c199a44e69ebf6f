using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>
/// Closes a connection whose client has vanished without a word. Where nothing is under way the kernel asks whether it is
/// still there; where something is, the kernel only sends it again, for a quarter of an hour, so what it knows of the
/// connection is looked at. It could also end such a connection by itself (TCP_USER_TIMEOUT), but with it one whose client
/// is there and reads nothing: that slows its own sandbox down, and it may.
/// </summary>
internal sealed class LostClient : IDisposable
{
    private const int Questions = 5;

    private readonly ConnectionContext _connection;
    private readonly Socket _socket;
    private readonly TimeSpan _patience;
    private readonly ITimer _timer;

    private LostClient(ConnectionContext connection, Socket socket, TimeSpan patience)
    {
        (_connection, _socket, _patience) = (connection, socket, patience);
        _timer = TimeProvider.System.CreateTimer(static state => ((LostClient)state!).Look(), this, patience, patience / Questions);
    }

    public void Dispose() => _timer.Dispose();

    /// <summary>A listener on whose connections the kernel asks, first after half of the time; accepted sockets inherit it.</summary>
    public static Socket Listen(EndPoint endpoint, TimeSpan patience)
    {
        var socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)(patience / 2).TotalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, Math.Max(1, (int)(patience / (2 * Questions)).TotalSeconds));
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, Questions);
        return socket;
    }

    /// <summary>Watches the connections of a listener.</summary>
    public static void Watch(ListenOptions listen, TimeSpan patience) => listen.Use(next => async connection =>
    {
        using var watch = connection.Features.Get<IConnectionSocketFeature>() is { } transport
            ? new LostClient(connection, transport.Socket, patience)
            : null;
        await next(connection).ConfigureAwait(false);
    });

    private void Look()
    {
        try
        {
            if (TcpState.Read(_socket).IsLost(_patience)) _connection.Abort(new ConnectionAbortedException("The client has vanished."));
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            // It has ended meanwhile.
        }
    }
}
