using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Requests of HTTP/1 to one host. Each is read strictly, judged by the policy of the moment, and written anew for that host,
/// with the headers that the policy adds; answers pass as they come.
/// </summary>
internal static class HttpExchange
{
    private const int MaxChunkLineBytes = 4096;
    private const int MaxTrailerLines = 64;

    private enum Next
    {
        Request,
        End,
        Switched,
    }

    /// <summary>Of a client that believes to speak with the host itself; its first head is there. The Host field says which.</summary>
    public static async Task RunTransparentAsync(EgressConnection connection, int port, CancellationToken cancellationToken)
    {
        var head = Peek(connection.Client, out var reason);
        if (head is null)
        {
            connection.Egress.Refuse(EgressReasons.BadRequest);
            await HttpReply.BadRequestAsync(connection, reason, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (EgressTarget.Parse(head.Host ?? "", port) is not { } named)
        {
            connection.Egress.Refuse(head.Host, EgressReasons.BadHost);
            await HttpReply.ForbiddenAsync(connection, "a host of this name", cancellationToken).ConfigureAwait(false);
            return;
        }

        // Where the connection goes is the port that was connected to, not the one in a header.
        var target = named with { Port = port };
        var dialed = await EgressDial.ConnectAsync(connection, target, cancellationToken).ConfigureAwait(false);
        if (dialed.Server is not { } server)
        {
            await HttpReply.FailedAsync(connection, target, dialed, cancellationToken).ConfigureAwait(false);
            return;
        }

        using (server) await RunAsync(connection, server, target, single: false, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Requests of a client over a connection that has been made for it.</summary>
    /// <param name="connection">With the client.</param>
    /// <param name="server">The far side.</param>
    /// <param name="target">What has been connected to; requests to anything else end the connection.</param>
    /// <param name="single">One request only: the next one of the client may be for another host.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task RunAsync(
        EgressConnection connection, PeekStream server, EgressTarget target, bool single, CancellationToken cancellationToken)
    {
        // Whether the client speaks another protocol from now on is the server's answer to its first request.
        var switched = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        await EgressRelay.BothAsync(
            connection,
            SendRequestsAsync(connection, server, target, single, switched.Task, cancellationToken),
            PassAnswersAsync(connection, server, switched, cancellationToken)).ConfigureAwait(false);
    }

    private static async Task SendRequestsAsync(
        EgressConnection connection, PeekStream server, EgressTarget target, bool single, Task<bool> switched, CancellationToken cancellationToken)
    {
        var next = await SendRequestAsync(connection, server, target, single, switched, first: true, cancellationToken).ConfigureAwait(false);
        while (next == Next.Request && !single)
            next = await SendRequestAsync(connection, server, target, single, switched, first: false, cancellationToken).ConfigureAwait(false);
        if (single && next == Next.Request) next = await AwaitEndAsync(connection.Client, cancellationToken).ConfigureAwait(false);
        if (next == Next.Switched) await EgressRelay.CopyAsync(connection, connection.Client, server, outwards: true, cancellationToken).ConfigureAwait(false);
        else if (next == Next.End) server.EndWrites();
    }

    private static async Task<Next> SendRequestAsync(
        EgressConnection connection, PeekStream server, EgressTarget target, bool single, Task<bool> switched, bool first, CancellationToken cancellationToken)
    {
        // 1. The head. The pause between two requests is as long as a connection may be idle.
        var client = connection.Client;
        if (client.Ahead.IsEmpty && await client.LookAsync(cancellationToken).ConfigureAwait(false) == 0) return Next.End;
        await ReadHeadAsync(connection, cancellationToken).ConfigureAwait(false);
        var length = HttpRequestHead.FindEnd(client.Ahead);

        // 2. The judgement: the same host, and still allowed.
        var head = HttpRequestHead.Parse(client.Ahead[..length], out var reason);
        if (head is null) throw new InvalidDataException(reason);
        if (!Means(head, target, out var path))
            Refuse(connection, EgressTarget.Parse(head.Host ?? "", target.Port) is { } other && other.Host != target.Host ? other : target, EgressReasons.NameMismatch);
        var policy = connection.Egress.Policy;
        if (target.Name is { } name && policy.JudgeName(name, target.Port) is { IsAllowed: false, Reason: { } changed }) Refuse(connection, target, changed);

        // 3. The head, written anew, and the body as it is.
        // The answer to TRACE is the request with all its fields, also those of rules (RFC 9110 9.3.8).
        var added = connection.IsSecure && !Echoes(head.Method) && target.Name is { } judged ? policy.HeadersFor(judged).ToArray() : [];
        var upgrade = first && head.Upgrade is not null;
        client.Skip(length);
        var host = target.Port == (connection.IsSecure ? 443 : 80) ? target.Host : target.ToString();
        var bytes = head.Write(path, host, keepAlive: !single, upgrade, added);
        await EgressRelay.SendAsync(connection, server, bytes, outwards: true, cancellationToken).ConfigureAwait(false);
        if (head.Body == BodyKind.Chunked) await CopyChunksAsync(connection, server, cancellationToken).ConfigureAwait(false);
        else await EgressRelay.CopyExactlyAsync(connection, client, server, head.BodyBytes, outwards: true, cancellationToken).ConfigureAwait(false);
        return upgrade && await switched.WaitAsync(cancellationToken).ConfigureAwait(false) ? Next.Switched : Next.Request;
    }

    private static bool Echoes(string method) =>
        method.Equals("TRACE", StringComparison.OrdinalIgnoreCase) || method.Equals("TRACK", StringComparison.OrdinalIgnoreCase);

    /// <summary>Reports a request that is not passed on, and ends its connection.</summary>
    [DoesNotReturn]
    private static void Refuse(EgressConnection connection, EgressTarget target, string reason)
    {
        connection.Egress.Refuse(target, reason);
        throw new IOException($"A request to {target} is refused.");
    }

    /// <summary>Waits for the client to leave; what else it sends is not for this connection.</summary>
    private static async Task<Next> AwaitEndAsync(PeekStream client, CancellationToken cancellationToken)
    {
        while (!client.IsFull)
            if (await client.LookAsync(cancellationToken).ConfigureAwait(false) == 0) return Next.End;
        throw new InvalidDataException("A client goes on after its only request.");
    }

    /// <summary>Looks at the client until a whole head is there.</summary>
    private static async Task ReadHeadAsync(EgressConnection connection, CancellationToken cancellationToken)
    {
        var gateway = connection.Egress.Gateway;
        using var deadline = new CancellationTokenSource(gateway.Options.HeadTimeout, gateway.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        while (HttpRequestHead.FindEnd(connection.Client.Ahead) < 0)
        {
            if (connection.Client.Ahead.Length >= HttpRequestHead.MaxBytes) throw new InvalidDataException("The head of a request is too long.");
            if (await connection.Client.LookAsync(either.Token).ConfigureAwait(false) == 0) throw new EndOfStreamException();
        }
    }

    /// <summary>Whether a request is for the target, by its Host field and, where it has one, its URL.</summary>
    private static bool Means(HttpRequestHead head, EgressTarget target, out string path)
    {
        path = head.Target;
        if (EgressTarget.Parse(head.Host ?? target.Host, target.Port) is not { } named || named.Host != target.Host) return false;
        if (head.Method == "CONNECT") return false;
        if (path.StartsWith('/') || path == "*") return true;
        return EgressTarget.ParseUrl(head.Target, out path) is { } url && url == target && named.Port == url.Port;
    }

    private static async Task PassAnswersAsync(
        EgressConnection connection, PeekStream server, TaskCompletionSource<bool> switched, CancellationToken cancellationToken)
    {
        try
        {
            var start = "HTTP/1.1 101"u8.ToArray();
            while (server.Ahead.Length < start.Length && await server.LookAsync(cancellationToken).ConfigureAwait(false) > 0)
            {
                // Until the first line says so.
            }

            switched.TrySetResult(server.Ahead.StartsWith(start));
            await EgressRelay.CopyAsync(connection, server, connection.Client, outwards: false, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            switched.TrySetResult(false);
        }
    }

    /// <summary>RFC 9112 7.1, extensions left out.</summary>
    private static async Task CopyChunksAsync(EgressConnection connection, PeekStream server, CancellationToken cancellationToken)
    {
        while (true)
        {
            var line = await ReadLineAsync(connection.Client, cancellationToken).ConfigureAwait(false);
            var digits = line.Split(';')[0].Trim(' ', '\t');
            if (digits.Length is 0 or > 15 || !digits.All(char.IsAsciiHexDigit)) throw new InvalidDataException("A chunk has no size.");
            var size = long.Parse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            await SendTextAsync($"{digits}\r\n").ConfigureAwait(false);
            if (size == 0) break;
            await EgressRelay.CopyExactlyAsync(connection, connection.Client, server, size, outwards: true, cancellationToken).ConfigureAwait(false);
            if (await ReadLineAsync(connection.Client, cancellationToken).ConfigureAwait(false) != "") throw new InvalidDataException("A chunk is longer than it says.");
            await SendTextAsync("\r\n").ConfigureAwait(false);
        }

        // Trailers are nobody's business on the way.
        for (var lines = 0; await ReadLineAsync(connection.Client, cancellationToken).ConfigureAwait(false) != "";)
            if (++lines > MaxTrailerLines) throw new InvalidDataException("A body has too many trailers.");
        await SendTextAsync("\r\n").ConfigureAwait(false);

        Task SendTextAsync(string text) => EgressRelay.SendAsync(connection, server, Encoding.ASCII.GetBytes(text), outwards: true, cancellationToken);
    }

    private static async Task<string> ReadLineAsync(PeekStream client, CancellationToken cancellationToken)
    {
        int end;
        while ((end = client.Ahead.IndexOf((byte)'\n')) < 0)
        {
            if (client.Ahead.Length >= MaxChunkLineBytes) throw new InvalidDataException("A line of a body is too long.");
            if (await client.LookAsync(cancellationToken).ConfigureAwait(false) == 0) throw new EndOfStreamException();
        }

        if (end == 0 || client.Ahead[end - 1] != '\r') throw new InvalidDataException("A line of a body does not end as it must.");
        var line = Encoding.Latin1.GetString(client.Ahead[..(end - 1)]);
        client.Skip(end + 1);
        return line;
    }

    private static HttpRequestHead? Peek(PeekStream client, out string reason)
    {
        var end = HttpRequestHead.FindEnd(client.Ahead);
        if (end is >= 0 and <= HttpRequestHead.MaxBytes) return HttpRequestHead.Parse(client.Ahead[..end], out reason);
        reason = "The head of the request is too long.";
        return null;
    }
}
