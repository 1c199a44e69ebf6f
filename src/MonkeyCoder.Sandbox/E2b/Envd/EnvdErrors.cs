using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Failures of the REST part of envd: <c>{code, message}</c> with the HTTP status as the code.</summary>
internal static class EnvdErrors
{
    private const int MaxMessageLength = 4096;

    public static int Status(AgentErrorCode code) => code switch
    {
        AgentErrorCode.InvalidArgument or AgentErrorCode.FailedPrecondition => StatusCodes.Status400BadRequest,
        AgentErrorCode.Unauthenticated => StatusCodes.Status401Unauthorized,
        AgentErrorCode.PermissionDenied => StatusCodes.Status403Forbidden,
        AgentErrorCode.NotFound => StatusCodes.Status404NotFound,
        AgentErrorCode.AlreadyExists => StatusCodes.Status409Conflict,
        AgentErrorCode.ResourceExhausted => StatusCodes.Status429TooManyRequests,
        AgentErrorCode.OutOfSpace => StatusCodes.Status507InsufficientStorage,
        AgentErrorCode.Unimplemented => StatusCodes.Status501NotImplemented,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>Writes the agent's refusal; breaks the connection off where part of an answer has left already.</summary>
    public static Task WriteAsync(HttpContext context, AgentException exception)
    {
        if (context.Response.HasStarted)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        var message = exception.Message.Length <= MaxMessageLength ? exception.Message : exception.Message[..MaxMessageLength];
        // What was prepared for the content does not hold for the error.
        context.Response.Clear();
        EnvdCors.Allow(context);
        return E2bAnswers.WriteErrorAsync(context, Status(exception.Code), message);
    }
}
