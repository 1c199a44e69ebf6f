using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>SOCKS 5 without authentication, CONNECT only (RFC 1928).</summary>
internal static class SocksEntry
{
    private const byte Version = 5;
    private const byte NoAuthentication = 0;
    private const byte NoneAcceptable = 0xff;
    private const byte Connect = 1;
    private const byte IsIPv4 = 1;
    private const byte IsName = 3;
    private const int RequestHeaderBytes = 4;

    private enum Reply : byte
    {
        Succeeded = 0,
        NotAllowed = 2,
        HostUnreachable = 4,
        CommandNotSupported = 7,
        AddressNotSupported = 8,
    }

    public static bool StartsLike(byte first) => first == Version;

    /// <summary>Serves a connection.</summary>
    /// <param name="connection">Whose first byte is there.</param>
    /// <param name="soon">Cancelled when the client should have said where it wants to go.</param>
    /// <param name="cancellationToken">Ends it.</param>
#pragma warning disable CA1068 // Both are tokens; the last one is the one for all of it.
    public static async Task RunAsync(EgressConnection connection, CancellationToken soon, CancellationToken cancellationToken)
#pragma warning restore CA1068
    {
        var client = connection.Client;
        // 1. The ways to authenticate that it offers.
        if (!await HasAsync(client, 2, soon).ConfigureAwait(false) || !await HasAsync(client, 2 + client.Ahead[1], soon).ConfigureAwait(false)) return;
        var offered = client.Ahead.Slice(2, client.Ahead[1]).Contains(NoAuthentication);
        client.Skip(2 + client.Ahead[1]);
        await client.WriteAsync(new[] { Version, offered ? NoAuthentication : NoneAcceptable }, cancellationToken).ConfigureAwait(false);
        if (!offered)
        {
            connection.Egress.Refuse(EgressReasons.BadRequest);
            return;
        }

        // 2. The request: version, command, nothing, kind of address, address, port.
        if (!await HasAsync(client, RequestHeaderBytes + 1, soon).ConfigureAwait(false) || client.Ahead[0] != Version) return;
        var (command, kind) = (client.Ahead[1], client.Ahead[3]);
        var addressBytes = kind switch { IsIPv4 => 4, IsName => 1 + client.Ahead[4], _ => 0 };
        if (command != Connect || addressBytes == 0)
        {
            connection.Egress.Refuse(EgressReasons.BadRequest);
            await ReplyAsync(connection, command == Connect ? Reply.AddressNotSupported : Reply.CommandNotSupported, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (!await HasAsync(client, RequestHeaderBytes + addressBytes + 2, soon).ConfigureAwait(false)) return;
        var target = ReadTarget(client.Ahead.Slice(RequestHeaderBytes, addressBytes + 2), kind);
        client.Skip(RequestHeaderBytes + addressBytes + 2);

        // 3. The connection.
        if (target is null) connection.Egress.Refuse(EgressReasons.BadHost);
        var dialed = target is null ? new DialResult(null, EgressReasons.BadHost) : await EgressDial.ConnectAsync(connection, target, cancellationToken).ConfigureAwait(false);
        if (dialed.Server is not { } server)
        {
            var reply = dialed.Reason is null or EgressReasons.Unresolved ? Reply.HostUnreachable : Reply.NotAllowed;
            await ReplyAsync(connection, reply, cancellationToken).ConfigureAwait(false);
            return;
        }

        using (server)
        {
            await ReplyAsync(connection, Reply.Succeeded, cancellationToken).ConfigureAwait(false);
            if (target!.Name is null) await EgressRelay.RunAsync(connection, server, cancellationToken).ConfigureAwait(false);
            else await Tunnel.RunNamedAsync(connection, target, server, http: true, cancellationToken).ConfigureAwait(false);
        }
    }

    private static EgressTarget? ReadTarget(ReadOnlySpan<byte> bytes, byte kind)
    {
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[^2..]);
        if (port == 0) return null;
        if (kind == IsIPv4) return new EgressTarget(null, new IPAddress(bytes[..4]), port);
        // Some clients send an address as a name.
        var text = Encoding.Latin1.GetString(bytes[1..^2]);
        if (HostName.TryParseIPv4(text, out var address)) return new EgressTarget(null, address, port);
        return HostName.TryParse(text, out var name) ? new EgressTarget(name, null, port) : null;
    }

    private static async ValueTask<bool> HasAsync(PeekStream client, int count, CancellationToken cancellationToken)
    {
        while (client.Ahead.Length < count)
            if (await client.LookAsync(cancellationToken).ConfigureAwait(false) == 0) return false;
        return true;
    }

    private static async Task ReplyAsync(EgressConnection connection, Reply reply, CancellationToken cancellationToken)
    {
        await connection.Client.WriteAsync(new byte[] { Version, (byte)reply, 0, IsIPv4, 0, 0, 0, 0, 0, 0 }, cancellationToken).ConfigureAwait(false);
        if (reply != Reply.Succeeded) connection.Client.EndWrites();
    }
}
