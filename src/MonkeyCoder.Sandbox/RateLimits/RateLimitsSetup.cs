using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.RateLimits;

internal static class RateLimitsSetup
{
    /// <summary>Registers the limits, and whose word about a client's address is believed.</summary>
    public static IServiceCollection AddRateLimits(this IServiceCollection services)
    {
        services.AddNodeOptions<RateLimitOptions, RateLimitOptionsValidator>(RateLimitOptions.Section);
        services.TryAddSingleton<RequestLimits>();
        services.TryAddSingleton<FailureLimits>();
        services.AddOptions<ForwardedHeadersOptions>().Configure<IOptions<RateLimitOptions>>(Configure);
        return services;
    }

    /// <summary>Takes the address of a client from the header of a trusted proxy; without one the header is only a header.</summary>
    public static void UseTrustedProxies(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<RateLimitOptions>>().Value.TrustedNetworks().Count > 0)
            app.UseForwardedHeaders();
    }

    private static void Configure(ForwardedHeadersOptions forwarded, IOptions<RateLimitOptions> limits)
    {
        forwarded.ForwardedHeaders = ForwardedHeaders.XForwardedFor;
        // Back through every proxy that is trusted, to the first address that is not.
        forwarded.ForwardLimit = null;
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var network in limits.Value.TrustedNetworks()) forwarded.KnownIPNetworks.Add(network);
    }
}
