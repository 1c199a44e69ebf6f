namespace MonkeyCoder.Isolation.Egress;

/// <summary>Where redirected connections come in: programs that know of no proxy.</summary>
internal static class TransparentEntry
{
    public static async Task RunAsync(EgressConnection connection, CancellationToken cancellationToken)
    {
        // Not redirected: somebody inside connected to this very port.
        if (connection.OriginalDestination is not { } destination || destination.Port == 0)
        {
            connection.Egress.Refuse(EgressReasons.BadRequest);
            connection.Reset();
            return;
        }

        await Tunnel.RunAsync(connection, new EgressTarget(null, destination.Address, destination.Port), cancellationToken).ConfigureAwait(false);
    }
}
