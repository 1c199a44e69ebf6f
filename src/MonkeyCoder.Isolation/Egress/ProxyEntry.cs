namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// The explicit proxy, for programs and runtimes that the redirect does not serve: CONNECT, requests with absolute URLs, and
/// SOCKS 5, all on one port. It has no pages of its own.
/// </summary>
internal static class ProxyEntry
{
    private static readonly byte[] Established = "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray();

    public static async Task RunAsync(EgressConnection connection, CancellationToken cancellationToken)
    {
        var gateway = connection.Egress.Gateway;
        using var deadline = new CancellationTokenSource(gateway.Options.HeadTimeout, gateway.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        // It may have come together with what was before it.
        if (connection.Client.Ahead.IsEmpty && await connection.Client.LookAsync(either.Token).ConfigureAwait(false) == 0) return;
        if (SocksEntry.StartsLike(connection.Client.Ahead[0]))
        {
            await SocksEntry.RunAsync(connection, either.Token, cancellationToken).ConfigureAwait(false);
            return;
        }

        int end;
        while ((end = HttpRequestHead.FindEnd(connection.Client.Ahead)) < 0)
        {
            if (connection.Client.Ahead.Length >= HttpRequestHead.MaxBytes || !HttpRequestHead.StartsLike(connection.Client.Ahead))
            {
                connection.Egress.Refuse(EgressReasons.BadRequest);
                await HttpReply.BadRequestAsync(connection, "This is a proxy; the request is not HTTP/1.1, or its head is too long.", cancellationToken).ConfigureAwait(false);
                return;
            }

            if (await connection.Client.LookAsync(either.Token).ConfigureAwait(false) == 0) return;
        }

        var head = HttpRequestHead.Parse(connection.Client.Ahead[..end], out var reason);
        if (head is null)
        {
            connection.Egress.Refuse(EgressReasons.BadRequest);
            await HttpReply.BadRequestAsync(connection, reason, cancellationToken).ConfigureAwait(false);
        }
        else if (head.Method == "CONNECT") await ConnectAsync(connection, head, end, cancellationToken).ConfigureAwait(false);
        else await RequestAsync(connection, head, cancellationToken).ConfigureAwait(false);
    }

    private static async Task ConnectAsync(EgressConnection connection, HttpRequestHead head, int length, CancellationToken cancellationToken)
    {
        if (EgressTarget.Parse(head.Target, defaultPort: 0) is not { } target || head.Body != BodyKind.Counted || head.BodyBytes != 0)
        {
            connection.Egress.Refuse(head.Target, EgressReasons.BadHost);
            await HttpReply.BadRequestAsync(connection, "CONNECT needs a host name or an IPv4 address, and a port.", cancellationToken).ConfigureAwait(false);
            return;
        }

        var dialed = await EgressDial.ConnectAsync(connection, target, cancellationToken).ConfigureAwait(false);
        if (dialed.Server is not { } server)
        {
            await HttpReply.FailedAsync(connection, target, dialed, cancellationToken).ConfigureAwait(false);
            return;
        }

        using (server)
        {
            connection.Client.Skip(length);
            await EgressRelay.SendAsync(connection, connection.Client, Established, outwards: false, cancellationToken).ConfigureAwait(false);
            if (target.Name is null) await EgressRelay.RunAsync(connection, server, cancellationToken).ConfigureAwait(false);
            else await Tunnel.RunNamedAsync(connection, target, server, http: false, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task RequestAsync(EgressConnection connection, HttpRequestHead head, CancellationToken cancellationToken)
    {
        if (EgressTarget.ParseUrl(head.Target, out _) is not { } target)
        {
            connection.Egress.Refuse(head.Target, EgressReasons.BadHost);
            await HttpReply.BadRequestAsync(
                connection, "This is a proxy: it takes CONNECT, and requests with the whole URL, http://host/path.", cancellationToken).ConfigureAwait(false);
            return;
        }

        if (head.Host is { } host && EgressTarget.Parse(host, 80) != target)
        {
            connection.Egress.Refuse(target, EgressReasons.NameMismatch);
            await HttpReply.BadRequestAsync(connection, "The URL of the request and its Host field differ.", cancellationToken).ConfigureAwait(false);
            return;
        }

        var dialed = await EgressDial.ConnectAsync(connection, target, cancellationToken).ConfigureAwait(false);
        if (dialed.Server is not { } server)
        {
            await HttpReply.FailedAsync(connection, target, dialed, cancellationToken).ConfigureAwait(false);
            return;
        }

        using (server) await HttpExchange.RunAsync(connection, server, target, single: true, cancellationToken).ConfigureAwait(false);
    }
}
