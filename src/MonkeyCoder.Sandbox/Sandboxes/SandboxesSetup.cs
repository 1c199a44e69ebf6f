using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Egress;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>The registry of sandboxes. The host registers the engine and the keys.</summary>
internal static class SandboxesSetup
{
    public static IServiceCollection AddSandboxes(this IServiceCollection services)
    {
        services.AddOptions<SandboxesOptions>().BindConfiguration(SandboxesOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(
            ServiceDescriptor.Singleton<IValidateOptions<SandboxesOptions>, SandboxesOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddEgress();
        services.TryAddSingleton<TemplateNames>();
        services.TryAddSingleton<ISandboxRegistry, SandboxRegistry>();
        services.AddHostedService<IdleWatch>();
        return services;
    }
}
