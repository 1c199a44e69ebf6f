using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Isolation.Templates;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.Executions;

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
        var limits = services.GetRequiredService<SandboxLimits>();
        var admission = services.GetRequiredService<ResourceAdmission>();
        var parts = new EngineParts(
            async cancellationToken => await SandboxStore.OpenAsync(settings.ToStore(storage), cancellationToken).ConfigureAwait(false),
            async cancellationToken => await NodeTemplates.LoadAsync(settings.ToTemplates(storage), cancellationToken).ConfigureAwait(false),
            static (path, forks) => AgentClient.ForUnixSocket(path, forks: forks))
        {
            Egress = services.GetRequiredService<IOptions<GatewaySettings>>().Value.ToParts(
                services.GetService<AddressPolicy>(), services.GetRequiredService<IEgressEvents>(), services.GetRequiredService<TimeProvider>()),
        };
        var options = settings.ToEngine(storage, limits);
        options.Prepare = StartKernelAsync;
        options.HasRoomInPool = waiting => admission.HasRoomFor(limits, waiting);
        return new SandboxEngine(
            options, parts, services.GetRequiredService<ILoggerFactory>(),
            services.GetRequiredService<TimeProvider>());
    }

    // The slowest part of a first cell is the start of its kernel: in a sandbox that waits it is over before.
    private static Task StartKernelAsync(ISandbox sandbox, CancellationToken cancellationToken) =>
        sandbox.Agent.OpenKernelAsync(
            new KernelOpenRequest(KernelContexts.DefaultPythonId, "python", KernelContexts.DefaultWorkingDirectory, null),
            cancellationToken);
}
