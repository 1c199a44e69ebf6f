using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>
/// Lets in as many connections as the server serves, and a few more, which it closes at once so that their clients know; who
/// comes while those are closed waits in the kernel's queue. Without it a crowd takes every file that the service may have
/// open, and the runtime, which cannot load a library then, ends.
/// </summary>
internal sealed class ConnectionGate : IConnectionListenerFactory, IDisposable
{
    // Mostly libraries, with two files each.
    private const int OwnFiles = 240;
    private const int Refused = 4;

    private readonly SocketTransportFactory _sockets;
    private readonly SemaphoreSlim _room;

    public ConnectionGate(IOptions<SocketTransportOptions> transport, IOptions<HostingOptions> hosting, ILoggerFactory loggers)
    {
        _sockets = new SocketTransportFactory(transport, loggers);
        _room = new SemaphoreSlim(MostServed(hosting.Value.MaxConnections, OpenFileLimit.Read()) + Refused);
    }

    /// <summary>Each may need a socket to an agent besides its own.</summary>
    public static int MostServed(int wanted, int openFiles) => Math.Min(wanted, Math.Max(1, (openFiles - OwnFiles) / 2));

    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await _sockets.BindAsync(endpoint, cancellationToken).ConfigureAwait(false), _room);

    public void Dispose() => _room.Dispose();

    private sealed class Listener(IConnectionListener sockets, SemaphoreSlim room) : IConnectionListener
    {
        private readonly CancellationTokenSource _unbound = new();

        public EndPoint EndPoint => sockets.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _unbound.Token);
            try
            {
                await room.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (_unbound.IsCancellationRequested)
            {
                return null;
            }

            var connection = await sockets.AcceptAsync(cancellationToken).ConfigureAwait(false);
            if (connection is null) room.Release();
            else connection.ConnectionClosed.UnsafeRegister(static room => ((SemaphoreSlim)room!).Release(), room);
            return connection;
        }

        public async ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            await _unbound.CancelAsync().ConfigureAwait(false);
            await sockets.UnbindAsync(cancellationToken).ConfigureAwait(false);
        }

        public ValueTask DisposeAsync()
        {
            _unbound.Dispose();
            return sockets.DisposeAsync();
        }
    }
}
