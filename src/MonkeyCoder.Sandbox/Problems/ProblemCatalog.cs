using System.Collections.Frozen;
using MonkeyCoder.Contracts.Problems;

namespace MonkeyCoder.Sandbox.Problems;

/// <summary>Every error of the original API. docs/PROBLEMS.md is written from it, which a test compares.</summary>
internal static class ProblemCatalog
{
    /// <summary>In the order of the document.</summary>
    public static IReadOnlyList<ProblemKind> All { get; } =
    [
        new(ProblemCodes.InvalidJson, 400, "The body is not JSON, or says one property twice.",
            "Send one JSON object in UTF-8."),
        new(ProblemCodes.InvalidField, 400, "A field has the wrong type or a value that cannot be.",
            "Correct the field that the detail names."),
        new(ProblemCodes.UnknownField, 400, "A field that this request does not have.",
            "Remove the field that the detail names; free-form data goes into 'metadata'."),
        new(ProblemCodes.InvalidRequest, 400, "The HTTP request itself is malformed.",
            "Send a well-formed HTTP request."),
        new(ProblemCodes.CodeMissing, 400, "There is no code to run.",
            "Send the code to run in the field 'code'."),
        new(ProblemCodes.DangerousCode, 400, "The code breaks rules that are enforced here; nothing of it ran.",
            "Change the code where 'findings' says, by rule, line and column; docs/CODE-CHECKS.md explains the rules."),
        new(ProblemCodes.TimeoutOutOfRange, 400, "The timeout is zero, negative or over the node's maximum.",
            "Send a timeout in seconds within the range that the detail names."),
        new(ProblemCodes.LimitOutOfRange, 400, "A limit is below the least or over the operator's maximum.",
            "Ask for a value within the range that the detail names, or leave the limit out."),
        new(ProblemCodes.UnsupportedLanguage, 400, "No kernel speaks this language.",
            "Use one of the languages that the detail names."),
        new(ProblemCodes.UnsupportedSandboxType, 400, "There is no such kind of sandbox.",
            "Use 'code' as sandbox_type, or leave it out."),
        new(ProblemCodes.UnsupportedAction, 400, "This kind of sandbox has no such action.",
            "Use 'execute' as action, or leave it out."),
        new(ProblemCodes.InvalidExecutionId, 400, "The execution id has characters or a length that an id cannot have.",
            "Send an execution id of 1 to 128 characters of A-Z, a-z, 0-9, '.', '_', ':' and '-', or leave it out."),
        new(ProblemCodes.Unauthenticated, 401, "No token or key, or one that does not hold. Every cause looks the same.",
            "Send 'Authorization: Bearer' with a token from 'monkey token EXECUTION_ID', or an API key in 'X-API-KEY'."),
        new(ProblemCodes.InsufficientScope, 403, "The token holds, but does not allow this.",
            "Use a token with the scope that the detail names."),
        new(ProblemCodes.ExecutionIdMismatch, 403, "The token was made for another execution.",
            "Leave execution_id out, or use a token whose subject it is."),
        new(ProblemCodes.NotFound, 404, "There is no such route.",
            "Look the path up in the README; nothing is served here."),
        new(ProblemCodes.SandboxNotFound, 404, "The sandbox does not exist, has ended, or belongs to another tenant.",
            "Leave sandbox_id out to run in a fresh sandbox, or use the id of one that is live."),
        new(ProblemCodes.MethodNotAllowed, 405, "The route exists, but not for this method.",
            "Use a method that the header Allow names."),
        new(ProblemCodes.RequestTooSlow, 408, "The body did not arrive in time.",
            "Send the whole body without long pauses."),
        new(ProblemCodes.SandboxPaused, 409, "The sandbox is paused; nothing ran, or a cell that had begun goes on when it is resumed.",
            "Resume it with 'monkey resume', or POST /v2/sandboxes/{id}/connect, or leave sandbox_id out to run in a fresh one."),
        new(ProblemCodes.RequestTooLarge, 413, "The body is larger than this route takes.",
            "Send a smaller body; large data goes into files of a sandbox."),
        new(ProblemCodes.CodeTooLarge, 413, "The code is larger than a cell may be.",
            "Send less code; put large data into files of a sandbox."),
        new(ProblemCodes.UnsupportedMediaType, 415, "The body is not declared as JSON.",
            "Send the body with 'Content-Type: application/json'."),
        new(ProblemCodes.RateLimited, 429, "Too many requests, or too many credentials that do not hold.",
            "Send fewer, and try again after the time in Retry-After."),
        new(ProblemCodes.TooManySandboxes, 429, "The tenant has as many sandboxes as it may.",
            "Try again after the time in Retry-After, or remove sandboxes that are kept with POST /sandbox/cleanup."),
        new(ProblemCodes.InternalError, 500, "A bug of the service.",
            "Try again; if it stays, report it with the trace id."),
        new(ProblemCodes.BrowserNotAvailable, 501, "This node has no browser sandboxes.",
            "Use a node with browser sandboxes, or sandbox_type 'code'."),
        new(ProblemCodes.LimitNotAvailable, 501, "The node's tier of isolation cannot hold sandboxes to this limit.",
            "Leave the limit out that the detail names, or use a node of another tier."),
        new(ProblemCodes.SandboxUnavailable, 503, "A sandbox could not be started, or could not be reached.",
            "Try again; if it stays, have the operator run 'monkey doctor' and look up the trace id in the log."),
        new(ProblemCodes.KernelStartFailed, 503, "The sandbox is there, but its kernel did not start.",
            "Try again in a fresh sandbox; if it stays, have the operator rebuild the template."),
        new(ProblemCodes.NodeAtCapacity, 503, "The node has no room for another sandbox: number, memory or disk.",
            "Try again after the time in Retry-After, with less memory, or on another node; nothing was started."),
        new(ProblemCodes.ShuttingDown, 503, "The service is stopping.",
            "Try again when it is back."),
    ];

    private static readonly FrozenDictionary<string, ProblemKind> ByCode = All.ToFrozenDictionary(kind => kind.Code);

    /// <summary>A problem of a listed code; without a detail it says the remedy.</summary>
    public static Problem Make(string code, string? detail = null)
    {
        var kind = ByCode[code];
        return new Problem(kind.Status, code, detail ?? kind.Remedy);
    }
}
