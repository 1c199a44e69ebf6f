using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Removes kept sandboxes when asked to.</summary>
internal sealed class Cleanup(ISandboxRegistry registry, KeptSandboxes kept, ILogger<Cleanup> logger)
{
    /// <summary>The named sandbox of the tenant, or every kept one of it that runs no cell.</summary>
    public async Task<Result<CleanupResponse>> RunAsync(string tenant, CleanupRequest request, CancellationToken cancellationToken)
    {
        var removed = 0;
        if (request.SandboxId is { } id)
        {
            if (registry.Find(tenant, id) is not { } named) return ProblemCatalog.Make(ProblemCodes.SandboxNotFound);
            if (await registry.KillAsync(named, cancellationToken).ConfigureAwait(false)) removed++;
        }
        else
        {
            foreach (var (sandbox, isIdle) in kept.Of(tenant))
                if (isIdle && await registry.KillAsync(sandbox, cancellationToken).ConfigureAwait(false)) removed++;
        }

        logger.CleanedUp(removed, tenant);
        return new CleanupResponse(removed, kept.Of(tenant).Count);
    }
}
