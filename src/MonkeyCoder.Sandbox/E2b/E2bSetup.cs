using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.E2b.CodeInterpreter;
using MonkeyCoder.Sandbox.E2b.Control;
using MonkeyCoder.Sandbox.E2b.Envd;
using MonkeyCoder.Sandbox.E2b.Routing;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.E2b;

/// <summary>
/// The E2B API. <see cref="UseE2bRouting"/> takes what is meant for a sandbox and belongs in front of everything that
/// answers; <see cref="MapE2b"/> is the control plane. Both on one port.
/// </summary>
internal static class E2bSetup
{
    public static IServiceCollection AddE2b(this IServiceCollection services)
    {
        services.AddOptions<E2bOptions>().BindConfiguration(E2bOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<E2bOptions>, E2bOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IErrorForm, E2bErrorForm>());
        services.TryAddSingleton(TimeProvider.System);
        services.AddHttpForwarder();
        // A server inside that is not there, or hangs up, is the business of its owner, who is told.
        services.AddLogging(static logging => logging.AddFilter("Yarp.ReverseProxy.Forwarder", LogLevel.Error));
        services.TryAddSingleton<SandboxRecordMapper>();
        services.TryAddSingleton<SandboxEndpoints>();
        services.TryAddSingleton<PauseEndpoints>();
        services.TryAddSingleton<NetworkEndpoints>();
        services.TryAddSingleton<ListEndpoints>();
        services.TryAddSingleton<TemplateEndpoints>();
        services.TryAddSingleton<EnvdFiles>();
        services.TryAddSingleton<Watchers>();
        services.TryAddSingleton<ProcessDeadlines>();
        services.TryAddSingleton<EnvdService>();
        services.TryAddSingleton<CellStreams>();
        services.TryAddSingleton<CodeInterpreterService>();
        services.TryAddSingleton<PortProxy>();
        return services;
    }

    /// <summary>Requests for a port of a sandbox, by host or by headers, go no further than here.</summary>
    public static IApplicationBuilder UseE2bRouting(this IApplicationBuilder app) => app.UseMiddleware<SandboxRouter>();

    /// <summary>The control plane, at the root: clients want it there.</summary>
    public static RouteGroupBuilder MapE2b(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("");
        group.WithTags("E2B").AddEndpointFilter<RouteGroupBuilder, FailureFilter>()
            .RequireScope(SandboxTokens.SandboxesScope, CredentialPlace.KeyElseToken);
        SandboxEndpoints.Map(group);
        PauseEndpoints.Map(group);
        NetworkEndpoints.Map(group);
        ListEndpoints.Map(group);
        TemplateEndpoints.Map(group);
        UnavailableEndpoints.Map(group);
        return group;
    }
}
