using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Admission;

internal static class AdmissionSetup
{
    /// <summary>Registers what decides about new sandboxes.</summary>
    public static IServiceCollection AddAdmission(this IServiceCollection services)
    {
        services.AddNodeOptions<AdmissionOptions, AdmissionOptionsValidator>(AdmissionOptions.Section);
        services.TryAddSingleton<IHostCapacity>(static provider =>
            new HostCapacity(provider.GetRequiredService<IOptions<StorageOptions>>().Value.StateDirectory));
        services.TryAddSingleton<ResourceAdmission>();
        return services;
    }
}
