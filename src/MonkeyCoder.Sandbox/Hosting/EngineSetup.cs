using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Sandbox.Hosting;

internal static class EngineSetup
{
    /// <summary>Registers the engine of this machine. It does nothing before it is started.</summary>
    public static void AddEngine(this IServiceCollection services)
    {
        services.AddNodeOptions<EngineSettings, EngineSettingsValidator>(EngineSettings.Section);
        services.TryAddSingleton<ISandboxEngine>(Create);
    }

    private static SandboxEngine Create(IServiceProvider services)
    {
        var settings = services.GetRequiredService<IOptions<EngineSettings>>().Value;
        var storage = services.GetRequiredService<IOptions<StorageOptions>>().Value;
        var parts = new EngineParts(
            async cancellationToken => await SandboxStore.OpenAsync(settings.ToStore(storage), cancellationToken).ConfigureAwait(false),
            async cancellationToken => await NodeTemplates.LoadAsync(settings.ToTemplates(storage), cancellationToken).ConfigureAwait(false),
            static path => AgentClient.ForUnixSocket(path));
        return new SandboxEngine(
            settings.ToEngine(storage), parts, services.GetRequiredService<ILoggerFactory>(),
            services.GetRequiredService<TimeProvider>());
    }
}
