using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.E2b.Connect;

/// <summary>Connect's error codes (connectrpc.com/docs/protocol#error-codes) and what they are over HTTP.</summary>
internal static class ConnectErrors
{
    private const int MaxMessageLength = 4096;

    /// <summary>Something that is refused before the agent is asked, in the words the agent would use.</summary>
    public static AgentException InvalidArgument(string message) => new(AgentErrorCode.InvalidArgument, message);

    public static ConnectErrorBody DeadlineExceeded { get; } = new("deadline_exceeded", "the call took longer than its Connect-Timeout-Ms");

    public static ConnectErrorBody Unavailable { get; } = new("unavailable", "the sandbox did not answer");

    /// <summary>The agent's message is text from inside the sandbox: bounded here, escaped by the JSON writer.</summary>
    public static ConnectErrorBody From(AgentException exception)
    {
        var message = exception.Message.Length <= MaxMessageLength ? exception.Message : exception.Message[..MaxMessageLength];
        return new ConnectErrorBody(Name(exception.Code), message);
    }

    /// <summary>HTTP status of a failed unary call.</summary>
    public static int Status(string code) => code switch
    {
        "canceled" => StatusCodes.Status499ClientClosedRequest,
        "invalid_argument" or "failed_precondition" => StatusCodes.Status400BadRequest,
        "deadline_exceeded" => StatusCodes.Status504GatewayTimeout,
        "not_found" => StatusCodes.Status404NotFound,
        "already_exists" => StatusCodes.Status409Conflict,
        "permission_denied" => StatusCodes.Status403Forbidden,
        "resource_exhausted" => StatusCodes.Status429TooManyRequests,
        "unimplemented" => StatusCodes.Status501NotImplemented,
        "unavailable" => StatusCodes.Status503ServiceUnavailable,
        "unauthenticated" => StatusCodes.Status401Unauthorized,
        _ => StatusCodes.Status500InternalServerError,
    };

    private static string Name(AgentErrorCode code) => code switch
    {
        AgentErrorCode.InvalidArgument => "invalid_argument",
        AgentErrorCode.NotFound => "not_found",
        AgentErrorCode.AlreadyExists => "already_exists",
        AgentErrorCode.PermissionDenied => "permission_denied",
        AgentErrorCode.ResourceExhausted or AgentErrorCode.OutOfSpace => "resource_exhausted",
        AgentErrorCode.FailedPrecondition => "failed_precondition",
        AgentErrorCode.Unimplemented => "unimplemented",
        AgentErrorCode.Internal => "internal",
        AgentErrorCode.Unauthenticated => "unauthenticated",
        AgentErrorCode.Unavailable => "unavailable",
        _ => "unknown",
    };
}
