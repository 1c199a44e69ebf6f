using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Diagnostics;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Problems;

/// <summary>Turns what escaped an endpoint into a problem: bad requests into 4xx, faults of the environment into 503, bugs into 500.</summary>
internal sealed class FaultHandler(
    ProblemWriter writer, IHostApplicationLifetime lifetime, ILogger<FaultHandler> logger) : IExceptionHandler
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(5);

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (httpContext.RequestAborted.IsCancellationRequested || exception is ConnectionResetException)
        {
            // Nobody is there to be told.
            logger.CallerGone(httpContext.Request.Path);
            httpContext.Abort();
            return true;
        }

        var problem = Map(exception);
        // A full node is no fault, and has been logged where it was found out.
        if (problem.Status >= StatusCodes.Status500InternalServerError && exception is not CapacityException) logger.Fault(exception, problem.Code);
        else logger.Refused(problem.Status, problem.Code, problem.Detail);
        await writer.WriteAsync(httpContext, problem).ConfigureAwait(false);
        return true;
    }

    private Problem Map(Exception exception) => exception switch
    {
        BadHttpRequestException bad => Map(bad),
        CapacityException full => ProblemCatalog.Make(
            full.IsOfTenant ? ProblemCodes.TooManySandboxes : ProblemCodes.NodeAtCapacity, full.Message) with { RetryAfter = full.RetryAfter },
        ObjectDisposedException when lifetime.ApplicationStopping.IsCancellationRequested
            => ProblemCatalog.Make(ProblemCodes.ShuttingDown) with { RetryAfter = Retry },
        KernelStartException => ProblemCatalog.Make(ProblemCodes.KernelStartFailed),
        SyscallException or AgentException or AgentUnreachableException or UnknownTemplateException or HostNotReadyException
            or SandboxLaunchException
            => ProblemCatalog.Make(ProblemCodes.SandboxUnavailable),
        _ => ProblemCatalog.Make(ProblemCodes.InternalError),
    };

    private static Problem Map(BadHttpRequestException exception) => exception.StatusCode switch
    {
        StatusCodes.Status408RequestTimeout => ProblemCatalog.Make(ProblemCodes.RequestTooSlow),
        StatusCodes.Status413PayloadTooLarge => ProblemCatalog.Make(ProblemCodes.RequestTooLarge),
        StatusCodes.Status415UnsupportedMediaType => ProblemCatalog.Make(ProblemCodes.UnsupportedMediaType),
        _ when exception.InnerException is JsonException => ProblemCatalog.Make(ProblemCodes.InvalidJson),
        _ => ProblemCatalog.Make(ProblemCodes.InvalidRequest),
    };
}
