using System.Net;
using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.RateLimits;

/// <summary>
/// Counts credentials that do not hold, by address. Where an address has shown too many, none from it is looked at for a
/// moment, also none that would hold: else the answer would tell a right guess from a wrong one at any speed.
/// </summary>
internal sealed class FailureLimits(IOptions<RateLimitOptions> options, ILoggerFactory loggers, TimeProvider time)
{
    private readonly ILogger _security = loggers.CreateLogger(SecurityLog.Category);
    private readonly Lock _lock = new();

    // Both guarded by _lock: failures that are not yet forgiven, and when that was so.
    private readonly float[] _failures = new float[AddressBucket.Count];
    private readonly long[] _countedAt = new long[AddressBucket.Count];

    /// <summary>null where a credential may be looked at; else how long to wait.</summary>
    public TimeSpan? Check(IPAddress? address)
    {
        var bucket = AddressBucket.Of(address);
        lock (_lock)
        {
            var over = Current(bucket) - (options.Value.FailureBurst - 1);
            return over <= 0 ? null : TimeSpan.FromSeconds(Math.Max(1, over / options.Value.FailuresPerSecond));
        }
    }

    /// <summary>A credential from there did not hold.</summary>
    public void Count(IPAddress? address)
    {
        var bucket = AddressBucket.Of(address);
        bool full;
        lock (_lock)
        {
            var failures = Current(bucket) + 1;
            _failures[bucket] = failures;
            _countedAt[bucket] = time.GetTimestamp();
            full = failures > options.Value.FailureBurst - 1;
        }

        if (full) _security.TooManyFailures(address?.ToString());
    }

    /// <summary>Caller holds <see cref="_lock"/>.</summary>
    private float Current(int bucket)
    {
        if (_failures[bucket] <= 0) return 0;
        var forgiven = time.GetElapsedTime(_countedAt[bucket]).TotalSeconds * options.Value.FailuresPerSecond;
        return (float)Math.Max(0, _failures[bucket] - forgiven);
    }
}
