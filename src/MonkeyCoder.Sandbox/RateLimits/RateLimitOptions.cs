using System.Net;
using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.RateLimits;

/// <summary>
/// How many requests are taken from one caller and one address. Streams and everything else that goes to a sandbox
/// itself are not counted, nor are health and metrics.
/// </summary>
internal sealed class RateLimitOptions
{
    public const string Section = "RateLimits";

    private const int Most = 1_000_000;

    /// <value>Requests per second of one key, or of one tenant's tokens, 1 to 1000000. Default 100.</value>
    public int CallerPerSecond { get; set; } = 100;

    /// <value>Requests that a caller may send at once before the rate holds, 1 to 1000000. Default 500.</value>
    public int CallerBurst { get; set; } = 500;

    /// <value>Requests per second from one address (IPv6: one /64), 1 to 1000000. Default 200.</value>
    public int AddressPerSecond { get; set; } = 200;

    /// <value>Requests that an address may send at once before the rate holds, 1 to 1000000. Default 1000.</value>
    public int AddressBurst { get; set; } = 1000;

    /// <value>Credentials that do not hold, per second from one address, 1 to 1000000. Above it none is looked at. Default 1.</value>
    public int FailuresPerSecond { get; set; } = 1;

    /// <value>Credentials that do not hold, at once from one address before the rate holds, 1 to 1000000. Default 50.</value>
    public int FailureBurst { get; set; } = 50;

    /// <value>
    /// Reverse proxies whose X-Forwarded-For is believed, as addresses or CIDRs with commas between them. Default: none,
    /// so that the address is always that of the connection.
    /// </value>
    public string? TrustedProxies { get; set; }

    /// <summary>The proxies, parsed; entries that are no address or network are left out.</summary>
    public IReadOnlyList<IPNetwork> TrustedNetworks() => [.. Entries().Select(Parse).OfType<IPNetwork>()];

    internal void CheckRates(OptionChecks checks)
    {
        checks.InRange(nameof(CallerPerSecond), CallerPerSecond, 1, Most);
        checks.InRange(nameof(CallerBurst), CallerBurst, 1, Most);
        checks.InRange(nameof(AddressPerSecond), AddressPerSecond, 1, Most);
        checks.InRange(nameof(AddressBurst), AddressBurst, 1, Most);
        checks.InRange(nameof(FailuresPerSecond), FailuresPerSecond, 1, Most);
        checks.InRange(nameof(FailureBurst), FailureBurst, 1, Most);
        foreach (var entry in Entries())
            if (Parse(entry) is null) checks.Fail(nameof(TrustedProxies), $"holds '{entry}', which is no address and no CIDR");
    }

    private string[] Entries() =>
        (TrustedProxies ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static IPNetwork? Parse(string entry)
    {
        if (IPNetwork.TryParse(entry, out var network)) return network;
        return IPAddress.TryParse(entry, out var address) ? new IPNetwork(address, address.GetAddressBytes().Length * 8) : null;
    }
}

internal sealed class RateLimitOptionsValidator : IValidateOptions<RateLimitOptions>
{
    public ValidateOptionsResult Validate(string? name, RateLimitOptions options)
    {
        var checks = new OptionChecks(RateLimitOptions.Section);
        options.CheckRates(checks);
        return checks.Result;
    }
}
