using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>How an attempt to connect ended.</summary>
/// <param name="Server">The far side; null where there is none.</param>
/// <param name="Reason">One of <see cref="EgressReasons"/>, where it is a matter of policy.</param>
internal readonly record struct DialResult(PeekStream? Server, string? Reason)
{
    public bool IsConnected => Server is not null;
}

/// <summary>Connects to a judged target: to an address that has been judged itself, out of the one lookup made for it.</summary>
internal static class EgressDial
{
    private const int MaxAddresses = 4;

    /// <summary>Judges, looks up, judges, connects. What is refused has been reported.</summary>
    public static async Task<DialResult> ConnectAsync(EgressConnection connection, EgressTarget target, CancellationToken cancellationToken)
    {
        var egress = connection.Egress;
        using var deadline = new CancellationTokenSource(egress.Gateway.Options.ConnectTimeout, egress.Gateway.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        try
        {
            var (addresses, reason) = await FindAsync(egress, target, either.Token).ConfigureAwait(false);
            if (reason is not null)
            {
                egress.Refuse(target, reason);
                return new DialResult(null, reason);
            }

            // Hosts with both mostly serve IPv4 from everywhere; many nodes have no IPv6.
            foreach (var address in addresses.OrderBy(static address => address.AddressFamily == AddressFamily.InterNetworkV6).Take(MaxAddresses))
            {
#pragma warning disable CA2000 // Goes to the caller.
                if (await TryConnectAsync(egress, new IPEndPoint(address, target.Port), either.Token).ConfigureAwait(false) is { } server)
                    return new DialResult(connection.Attach(server, target, address), null);
#pragma warning restore CA2000
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is NameResolutionException or OperationCanceledException)
        {
            // Nobody there, as far as can be told in time.
        }

        return new DialResult(null, null);
    }

    private static async Task<(IReadOnlyList<IPAddress> Addresses, string? Reason)> FindAsync(
        SandboxEgress egress, EgressTarget target, CancellationToken cancellationToken)
    {
        var policy = egress.Policy;
        if (target.Address is { } address) return ([address], policy.JudgeAddress(address, target.Port, egress.Gateway.Addresses).Reason);
        var name = target.Name!;
        if (policy.JudgeName(name, target.Port) is { IsAllowed: false, Reason: var reason }) return ([], reason);
        var found = await egress.Names.ResolveCheckedAsync(name, target.Port, cancellationToken).ConfigureAwait(false);
        return (found.Addresses, found.Reason);
    }

    private static async Task<Socket?> TryConnectAsync(SandboxEgress egress, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        // Whoever called has judged it; this is the last place before the network.
        if (!egress.Gateway.Addresses.IsPublic(endPoint.Address)) return null;
        try
        {
            return await egress.Gateway.Dialer.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
