using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Hosting;
using MonkeyCoder.Sandbox.Security.CodeChecks;

namespace MonkeyCoder.Sandbox.Security;

internal static class SecuritySetup
{
    /// <summary>Registers tokens, keys and who may call.</summary>
    public static IServiceCollection AddSecurity(this IServiceCollection services)
    {
        services.AddNodeOptions<SecurityOptions, SecurityOptionsValidator>(SecurityOptions.Section);
        services.TryAddSingleton(provider => new ApiKeyStore(
            provider.GetRequiredService<IOptions<StorageOptions>>().Value.StateDirectory,
            provider.GetRequiredService<TimeProvider>()));
        services.TryAddSingleton<IApiKeys, ApiKeyFile>();
        services.TryAddSingleton<ISandboxTokenKeys, SandboxTokenKeys>();
        services.TryAddSingleton<NodeTokens>();
        services.TryAddSingleton<CallerAuthenticator>();
        services.TryAddSingleton<CheckerSandbox>();
        services.TryAddSingleton<CodeChecker>();
        services.TryAddSingleton<SecurityManager>();
        return services;
    }
}
