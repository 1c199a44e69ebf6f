namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// A connection whose client believes to speak with its target already. The name that it gives there, in TLS or HTTP, is what
/// is judged and looked up; the address that it chose counts only where the policy allows the address itself.
/// </summary>
internal static class Tunnel
{
    // A client of a protocol in which the server speaks first says nothing; one that names its server does so at once.
    private static readonly TimeSpan ShortPatience = TimeSpan.FromMilliseconds(300);

    /// <summary>To an address that the client chose.</summary>
    public static async Task RunAsync(EgressConnection connection, EgressTarget chosen, CancellationToken cancellationToken)
    {
        var egress = connection.Egress;
        var byAddress = egress.Policy.JudgeAddress(chosen.Address!, chosen.Port, egress.Gateway.Addresses);
        // 1. What the client wants, as far as it says so. Nothing waits for those that are lost anyway.
        if (egress.Policy.AllowsNothing)
        {
            Refuse(connection, chosen, byAddress.Reason!);
            return;
        }

        var patience = byAddress.IsAllowed && !PortSet.Web.Contains(chosen.Port) ? ShortPatience : egress.Gateway.Options.HeadTimeout;
        var intent = await ClientIntent.ReadAsync(connection.Client, anyProtocol: false, patience, egress.Gateway.Time, cancellationToken).ConfigureAwait(false);

        // 2. A name that the policy allows.
        if (intent.Speech == ClientSpeech.Tls && HostName.TryParse(intent.ServerName, out var name) && egress.Policy.JudgeName(name, chosen.Port).IsAllowed)
        {
            await RelayAsync(connection, new EgressTarget(name, null, chosen.Port), byAddress.IsAllowed ? chosen : null, cancellationToken).ConfigureAwait(false);
            return;
        }

        if (intent.Speech == ClientSpeech.Http && !byAddress.IsAllowed)
        {
            await HttpExchange.RunTransparentAsync(connection, chosen.Port, cancellationToken).ConfigureAwait(false);
            return;
        }

        // 3. The address itself.
        if (byAddress.IsAllowed) await RelayAsync(connection, chosen, null, cancellationToken).ConfigureAwait(false);
        else if (HostName.TryParse(intent.ServerName, out var refused)) Refuse(connection, new EgressTarget(refused, null, chosen.Port), egress.Policy.JudgeName(refused, chosen.Port).Reason!);
        else Refuse(connection, chosen, byAddress.Reason!);
    }

    /// <summary>
    /// To a name that has been judged and connected to: the client must mean the same name. What says no name, as SSH, passes
    /// where the policy lets it.
    /// </summary>
    public static async Task RunNamedAsync(
        EgressConnection connection, EgressTarget target, PeekStream server, bool http, CancellationToken cancellationToken)
    {
        var gateway = connection.Egress.Gateway;
        var unnamed = connection.MayBeUnnamed();
        if (unnamed && await SpeaksFirstAsync(server, connection.Client, cancellationToken).ConfigureAwait(false))
        {
            // No server of TLS or HTTP does, so there is no name to come.
            await EgressRelay.RunAsync(connection, server, cancellationToken).ConfigureAwait(false);
            return;
        }

        var intent = await ClientIntent.ReadAsync(connection.Client, unnamed, gateway.Options.HeadTimeout, gateway.Time, cancellationToken).ConfigureAwait(false);
        if (intent.Speech == ClientSpeech.Tls && HostName.TryParse(intent.ServerName, out var name) && name == target.Name)
            await RunTlsAsync(connection, server, target, cancellationToken).ConfigureAwait(false);
        else if (intent.Speech == ClientSpeech.Http && (http || unnamed))
            await HttpExchange.RunAsync(connection, server, target, single: false, cancellationToken).ConfigureAwait(false);
        else if (intent.Speech == ClientSpeech.Other && unnamed)
            await EgressRelay.RunAsync(connection, server, cancellationToken).ConfigureAwait(false);
        else
            Refuse(connection, target, EgressReasons.NameMismatch);
    }

    /// <summary>Waits until one of them says something or ends, for as long as a connection may be idle. What was said stays unread.</summary>
    private static async Task<bool> SpeaksFirstAsync(PeekStream server, PeekStream client, CancellationToken cancellationToken)
    {
        if (!client.Ahead.IsEmpty) return false;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task[] words = [server.LookAsync(either.Token).AsTask(), client.LookAsync(either.Token).AsTask()];
        var first = await Task.WhenAny(words).ConfigureAwait(false);
        // Neither may be read twice at once.
        await either.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(words).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        cancellationToken.ThrowIfCancellationRequested();
        await first.ConfigureAwait(false);
        return client.Ahead.IsEmpty && !server.Ahead.IsEmpty;
    }

    private static async Task RelayAsync(EgressConnection connection, EgressTarget target, EgressTarget? otherwise, CancellationToken cancellationToken)
    {
        var dialed = await EgressDial.ConnectAsync(connection, target, cancellationToken).ConfigureAwait(false);
        // A name that nobody knows, at an address that is allowed whatever its name.
        if (!dialed.IsConnected && dialed.Reason == EgressReasons.Unresolved && otherwise is not null)
        {
            target = otherwise;
            dialed = await EgressDial.ConnectAsync(connection, target, cancellationToken).ConfigureAwait(false);
        }

        if (dialed.Server is not { } server)
        {
            connection.Reset();
            return;
        }

        // Only TLS names its target here.
        using (server) await RunTlsAsync(connection, server, target, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>As it is, or read where headers are to be added.</summary>
    private static Task RunTlsAsync(EgressConnection connection, PeekStream server, EgressTarget target, CancellationToken cancellationToken) =>
        target.Name is { } name && TlsIntercept.AuthorityFor(connection, name) is { } authority
            ? TlsIntercept.RunAsync(connection, server, target, authority, cancellationToken)
            : EgressRelay.RunAsync(connection, server, cancellationToken);

    private static void Refuse(EgressConnection connection, EgressTarget target, string reason)
    {
        connection.Egress.Refuse(target, reason);
        connection.Reset();
    }
}
