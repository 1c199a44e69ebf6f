using System.Net;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Looks names up for the gateway; where a name may be looked up has been judged before.</summary>
public interface INameResolver
{
    /// <summary>All addresses of a name, IPv4 and IPv6; none where it does not exist.</summary>
    /// <exception cref="NameResolutionException">It could not be looked up.</exception>
    Task<ResolvedName> ResolveAsync(HostName name, CancellationToken cancellationToken);
}

/// <summary>What a name resolves to.</summary>
/// <param name="Addresses">Empty where there is no such name, or it has no address.</param>
/// <param name="TimeToLive">How long that holds.</param>
public sealed record ResolvedName(IReadOnlyList<IPAddress> Addresses, TimeSpan TimeToLive);

/// <summary>The servers of the node did not answer, or not usefully.</summary>
public sealed class NameResolutionException(string message, Exception? inner = null) : Exception(message, inner);
