using Microsoft.Extensions.DependencyInjection.Extensions;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Executions;

internal static class ExecutionsSetup
{
    /// <summary>Registers cells and the original API.</summary>
    public static IServiceCollection AddExecutions(this IServiceCollection services)
    {
        services.AddNodeOptions<ExecutionOptions, ExecutionOptionsValidator>(ExecutionOptions.Section);
        services.TryAddSingleton<ExecutionMetrics>();
        services.TryAddSingleton<CellKernel>();
        services.TryAddSingleton<ICellRunner, CellRunner>();
        services.TryAddSingleton<LimitPlanner>();
        services.TryAddSingleton<ExecutionPlanner>();
        services.TryAddSingleton<ExecutionSandboxes>();
        services.TryAddSingleton<CodeChecking>();
        services.TryAddSingleton<KeptSandboxes>();
        services.TryAddSingleton<Departures>();
        services.TryAddSingleton<ExecutionService>();
        services.TryAddSingleton<Cleanup>();
        services.TryAddSingleton<NodeOverview>();
        return services;
    }
}
