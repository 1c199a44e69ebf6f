using System.Net;
using System.Security.Cryptography;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Reads from the beginning of a connection where it was meant to go.</summary>
internal static class EgressPreface
{
    /// <summary>Bytes of a secret.</summary>
    public const int SecretBytes = GatePreface.SecretBytes;

    /// <summary>The destination; null where something else is said, or the secret is another's, or nothing is said in time.</summary>
    public static async Task<IPEndPoint?> ReadAsync(EgressConnection connection, ReadOnlyMemory<byte> secret, CancellationToken cancellationToken)
    {
        var gateway = connection.Egress.Gateway;
        using var deadline = new CancellationTokenSource(gateway.Options.HeadTimeout, gateway.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        while (connection.Client.Ahead.Length < GatePreface.Bytes)
            if (await connection.Client.LookAsync(either.Token).ConfigureAwait(false) == 0) return null;
        var destination = Parse(connection.Client.Ahead, secret.Span);
        if (destination is not null) connection.Client.Skip(GatePreface.Bytes);
        return destination;
    }

    private static IPEndPoint? Parse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> secret) =>
        GatePreface.TryRead(bytes, out var address, out var port, out var said) && CryptographicOperations.FixedTimeEquals(said, secret)
            ? new IPEndPoint(new IPAddress(address), port)
            : null;
}
