using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Opens and kills the kernels of contexts.</summary>
internal sealed class CellKernel(IOptions<ExecutionOptions> options)
{
    /// <summary>Opens the kernel where nothing says that it is open. Caller holds the context's turn.</summary>
    /// <exception cref="KernelStartException">It did not start.</exception>
    public async Task OpenAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken)
    {
        if (context.IsOpen) return;
        using var bound = new CancellationTokenSource(options.Value.KernelStartTimeout, sandbox.Runs.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, cancellationToken);
        try
        {
            var request = new KernelOpenRequest(context.Id, context.Language, context.WorkingDirectory, User: null);
            await sandbox.Agent.OpenKernelAsync(request, either.Token).ConfigureAwait(false);
            context.IsOpen = true;
        }
        catch (OperationCanceledException exception) when (bound.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new KernelStartException(
                $"The {context.Language} kernel did not start within {options.Value.KernelStartTimeout.TotalSeconds:0} s.", exception);
        }
        catch (AgentException exception) when (exception.Code is not (AgentErrorCode.ResourceExhausted or AgentErrorCode.OutOfSpace))
        {
            throw new KernelStartException($"The {context.Language} kernel did not start.", exception);
        }
    }

    /// <summary>Kills the kernel; one that is not there is as good.</summary>
    public static async Task KillAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken)
    {
        try
        {
            await sandbox.Agent.CloseKernelAsync(context.Id, cancellationToken).ConfigureAwait(false);
        }
        catch (AgentException exception) when (exception.Code == AgentErrorCode.NotFound)
        {
            // Never opened, or dead already.
        }
    }
}
