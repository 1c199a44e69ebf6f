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
        var intent = await ClientIntent.ReadAsync(connection.Client, patience, egress.Gateway.Time, cancellationToken).ConfigureAwait(false);

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

    /// <summary>To a name that has been judged and connected to: the client must mean the same name.</summary>
    public static async Task RunNamedAsync(
        EgressConnection connection, EgressTarget target, PeekStream server, bool http, CancellationToken cancellationToken)
    {
        var egress = connection.Egress;
        var intent = await ClientIntent.ReadAsync(connection.Client, egress.Gateway.Options.HeadTimeout, egress.Gateway.Time, cancellationToken).ConfigureAwait(false);
        if (intent.Speech == ClientSpeech.Tls && HostName.TryParse(intent.ServerName, out var name) && name == target.Name)
            await RunTlsAsync(connection, server, target, cancellationToken).ConfigureAwait(false);
        else if (intent.Speech == ClientSpeech.Http && http)
            await HttpExchange.RunAsync(connection, server, target, single: false, cancellationToken).ConfigureAwait(false);
        else
            Refuse(connection, target, EgressReasons.NameMismatch);
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
