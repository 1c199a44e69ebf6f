using System.Net;
using System.Threading.RateLimiting;
using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.RateLimits;

/// <summary>
/// Token buckets for requests: one for each address, before anything is looked at, and one for each caller once it is
/// known. There are as many as <see cref="AddressBucket"/> and the key file have, and those that are full are let go.
/// </summary>
internal sealed class RequestLimits(IOptions<RateLimitOptions> options) : IDisposable
{
    private readonly PartitionedRateLimiter<IPAddress?> _addresses = PartitionedRateLimiter.Create<IPAddress?, int>(
        address => RateLimitPartition.GetTokenBucketLimiter(
            AddressBucket.Of(address), _ => Bucket(options.Value.AddressPerSecond, options.Value.AddressBurst)));

    private readonly PartitionedRateLimiter<Caller> _callers = PartitionedRateLimiter.Create<Caller, (string? Key, string Tenant)>(
        caller => RateLimitPartition.GetTokenBucketLimiter(
            (caller.KeyId, caller.Tenant), _ => Bucket(options.Value.CallerPerSecond, options.Value.CallerBurst)));

    /// <summary>Takes a request; null, or how long to wait where there were too many.</summary>
    public TimeSpan? Take(IPAddress? address) => Take(_addresses, address);

    /// <inheritdoc cref="Take(IPAddress?)"/>
    public TimeSpan? Take(Caller caller) => Take(_callers, caller);

    public void Dispose()
    {
        _addresses.Dispose();
        _callers.Dispose();
    }

    private static TimeSpan? Take<T>(PartitionedRateLimiter<T> limiter, T subject)
    {
        using var lease = limiter.AttemptAcquire(subject);
        if (lease.IsAcquired) return null;
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
    }

    private static TokenBucketRateLimiterOptions Bucket(int perSecond, int burst) => new()
    {
        TokenLimit = burst,
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
        // The partitioned limiter replenishes all of its buckets with one timer.
        AutoReplenishment = false,
    };
}
