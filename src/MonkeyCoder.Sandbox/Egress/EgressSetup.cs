using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Egress;

internal static class EgressSetup
{
    /// <summary>Registers what sandboxes may connect to.</summary>
    public static IServiceCollection AddEgress(this IServiceCollection services)
    {
        services.AddNodeOptions<EgressSettings, EgressSettingsValidator>(EgressSettings.Section);
        services.TryAddSingleton<NodeEgress>();
        services.TryAddSingleton<SandboxNetworks>();
        services.TryAddSingleton<IEgressEvents, EgressMetrics>();
        services.TryAddSingleton(provider => NodeEgress.Platform(provider.GetRequiredService<IOptions<EgressSettings>>().Value));
        return services;
    }
}
