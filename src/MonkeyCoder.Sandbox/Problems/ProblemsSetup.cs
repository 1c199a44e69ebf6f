using Microsoft.Extensions.DependencyInjection.Extensions;

namespace MonkeyCoder.Sandbox.Problems;

internal static class ProblemsSetup
{
    /// <summary>Registers how errors are written; an API with its own form adds an <see cref="IErrorForm"/>.</summary>
    public static IServiceCollection AddProblems(this IServiceCollection services)
    {
        services.TryAddSingleton<ProblemWriter>();
        services.AddExceptionHandler<FaultHandler>();
        return services;
    }
}
