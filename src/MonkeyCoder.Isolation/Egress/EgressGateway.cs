using System.Collections.Concurrent;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>What the ways out of all sandboxes share. Disposed after the last of them.</summary>
internal sealed class EgressGateway : IAsyncDisposable
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(15);

    private readonly ConcurrentDictionary<SandboxEgress, RefusalLog> _live = new();
    private readonly EgressParts _parts;
    private readonly PeriodicTimer _timer;
    private readonly Task _sweeping;
    private int _connections;

    public EgressGateway(EgressParts parts, TimeProvider time, ILogger logger)
    {
        _parts = parts;
        Time = time;
        Logger = logger;
        Resolver = parts.Resolver ?? DnsResolver.OfThisMachine(time);
        _timer = new PeriodicTimer(SweepInterval, time);
        _sweeping = SweepAsync();
    }

    public EgressOptions Options => _parts.Options;

    public AddressPolicy Addresses => _parts.Addresses;

    public IEgressDialer Dialer => _parts.Dialer;

    public X509Certificate2Collection? TrustedRoots => _parts.TrustedRoots;

    public INameResolver Resolver { get; }

    public TimeProvider Time { get; }

    public ILogger Logger { get; }

    /// <summary>A way out that is served from now on, by a policy that allows nothing.</summary>
    /// <param name="id">Whose it is.</param>
    /// <param name="sockets">Taken over.</param>
    /// <param name="networkMbps">Bandwidth each way.</param>
    public SandboxEgress Open(SandboxId id, EgressSockets? sockets, int networkMbps)
    {
        var egress = new SandboxEgress(this, id, sockets, networkMbps);
        _live[egress] = new RefusalLog(id, Logger, Time);
        egress.Start();
        return egress;
    }

    /// <summary>Nothing comes of it any more.</summary>
    public void Forget(SandboxEgress egress)
    {
        if (_live.TryRemove(egress, out var log)) log.Flush();
    }

    /// <summary>Every refusal is an event; the log has a line for the first of many, and a number for the rest.</summary>
    public void Refuse(SandboxEgress egress, EgressRefusal refusal)
    {
        if (_live.TryGetValue(egress, out var log)) log.Add(refusal);
        _parts.Events?.Refused(refusal);
    }

    /// <summary>Takes a place among the connections of all sandboxes; false where there is none. Given back by <see cref="Leave"/>.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _connections) <= Options.MaxNodeConnections) return true;
        Leave();
        return false;
    }

    /// <summary>Gives a place back.</summary>
    public void Leave() => Interlocked.Decrement(ref _connections);

    public async ValueTask DisposeAsync()
    {
        _timer.Dispose();
        await _sweeping.ConfigureAwait(false);
    }

    private async Task SweepAsync()
    {
        while (await _timer.WaitForNextTickAsync(CancellationToken.None).ConfigureAwait(false))
        {
            foreach (var (egress, log) in _live)
            {
                egress.CloseIdle();
                log.Flush();
            }
        }
    }
}

/// <summary>What the way out is built on.</summary>
public sealed record EgressParts
{
    /// <value>Limits.</value>
    public EgressOptions Options { get; init; } = new();

    /// <value>What is never connected to, whatever a sandbox's policy says.</value>
    public AddressPolicy Addresses { get; init; } = AddressPolicy.Tables;

    /// <value>Looks names up. Default null: asks the DNS servers of this machine.</value>
    public INameResolver? Resolver { get; init; }

    /// <value>Connects to addresses.</value>
    public IEgressDialer Dialer { get; init; } = new SocketDialer();

    /// <value>Certificates that hosts with header rules are verified by. Default null: those that this machine trusts.</value>
    public X509Certificate2Collection? TrustedRoots { get; init; }

    /// <value>Is told of refusals. Default null: nobody.</value>
    public IEgressEvents? Events { get; init; }
}
