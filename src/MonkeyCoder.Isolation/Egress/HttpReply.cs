using System.Text;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>What the gateway itself says to a client that speaks HTTP; the connection ends with it.</summary>
internal static class HttpReply
{
    // A client that sends on is not read for long: it only has to get the reply.
    private const int MaxDrainedBytes = 256 * 1024;
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(1);

    public static Task BadRequestAsync(EgressConnection connection, string sentence, CancellationToken cancellationToken) =>
        SendAsync(connection, "400 Bad Request", sentence, cancellationToken);

    public static Task ForbiddenAsync(EgressConnection connection, string destination, CancellationToken cancellationToken) => SendAsync(
        connection, "403 Forbidden", $"The network policy does not let this program connect to {destination}.", cancellationToken);

    public static Task UnreachableAsync(EgressConnection connection, string destination, CancellationToken cancellationToken) => SendAsync(
        connection, "502 Bad Gateway", $"{destination} cannot be reached.", cancellationToken);

    /// <summary>What an attempt to connect that failed comes to.</summary>
    public static Task FailedAsync(EgressConnection connection, EgressTarget target, DialResult result, CancellationToken cancellationToken) =>
        result.Reason is null or EgressReasons.Unresolved
            ? UnreachableAsync(connection, target.ToString(), cancellationToken)
            : ForbiddenAsync(connection, target.ToString(), cancellationToken);

    private static async Task SendAsync(EgressConnection connection, string status, string sentence, CancellationToken cancellationToken)
    {
        var reply = Encoding.ASCII.GetBytes(
            $"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {sentence.Length + 1}\r\nConnection: close\r\n\r\n{sentence}\n");
        await connection.Client.WriteAsync(reply, cancellationToken).ConfigureAwait(false);
        connection.Client.EndWrites();
        // Closing with unread bytes is a reset, which can overtake the reply.
        using var deadline = new CancellationTokenSource(DrainTime, connection.Egress.Gateway.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var buffer = new byte[4096];
        try
        {
            for (var left = MaxDrainedBytes; left > 0;)
            {
                var count = await connection.Client.ReadAsync(buffer, either.Token).ConfigureAwait(false);
                if (count == 0) break;
                left -= count;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It has had its time.
        }
    }
}
