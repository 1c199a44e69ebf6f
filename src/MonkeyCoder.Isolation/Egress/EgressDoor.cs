using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Where the connections of a sandbox arrive that shares the node's network: a port of 127.0.0.1 of its own, with a secret that
/// only the sandbox's gatekeeper knows. See <see cref="EgressPreface"/>.
/// </summary>
internal sealed class EgressDoor : IDisposable
{
    private const int Backlog = 128;

    // As EgressSockets has it.
    private const int BufferBytes = 64 * 1024;

    private EgressDoor(Socket listener)
    {
        Listener = listener;
        Secret = RandomNumberGenerator.GetBytes(EgressPreface.SecretBytes);
    }

    /// <summary>Listens.</summary>
    public Socket Listener { get; }

    /// <summary>What every connection begins with, see <see cref="EgressPreface"/>.</summary>
    public ReadOnlyMemory<byte> Secret { get; }

    /// <summary>Its port.</summary>
    public int Port => ((IPEndPoint)Listener.LocalEndPoint!).Port;

    /// <summary>A new one.</summary>
    /// <exception cref="SocketException">No port or no descriptor is left.</exception>
    public static EgressDoor Open()
    {
        var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            listener.ReceiveBufferSize = BufferBytes;
            listener.SendBufferSize = BufferBytes;
            listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            listener.Listen(Backlog);
            return new EgressDoor(listener);
        }
        catch
        {
            listener.Dispose();
            throw;
        }
    }

    /// <summary>Serves a connection: to the resolver, to the explicit proxy, or to where it was meant to go.</summary>
    public async Task RunAsync(EgressConnection connection, DnsService dns, CancellationToken cancellationToken)
    {
        if (await EgressPreface.ReadAsync(connection, Secret, cancellationToken).ConfigureAwait(false) is not { Port: not 0 } destination)
        {
            connection.Egress.Refuse(EgressReasons.BadRequest);
            connection.Reset();
            return;
        }

        var serve = (IPAddress.IsLoopback(destination.Address), destination.Port) switch
        {
            (true, EgressRules.DnsPort) => dns.RunStreamAsync(connection, cancellationToken),
            (true, EgressRules.ProxyPort) => ProxyEntry.RunAsync(connection, cancellationToken),
            _ => Tunnel.RunAsync(connection, new EgressTarget(null, destination.Address, destination.Port), cancellationToken),
        };
        await serve.ConfigureAwait(false);
    }

    public void Dispose() => Listener.Dispose();
}
