namespace MonkeyCoder.Contracts.Problems;

/// <summary>Stable codes of the original API's errors. docs/PROBLEMS.md says what each means and what to do.</summary>
public static class ProblemCodes
{
    public const string InvalidJson = "invalid_json";
    public const string InvalidField = "invalid_field";
    public const string UnknownField = "unknown_field";
    public const string InvalidRequest = "invalid_request";
    public const string RequestTooLarge = "request_too_large";
    public const string RequestTooSlow = "request_too_slow";
    public const string UnsupportedMediaType = "unsupported_media_type";
    public const string NotFound = "not_found";
    public const string MethodNotAllowed = "method_not_allowed";

    public const string CodeMissing = "code_missing";
    public const string CodeTooLarge = "code_too_large";
    public const string DangerousCode = "dangerous_code";
    public const string TimeoutOutOfRange = "timeout_out_of_range";
    public const string LimitOutOfRange = "limit_out_of_range";
    public const string UnsupportedLanguage = "unsupported_language";
    public const string UnsupportedSandboxType = "unsupported_sandbox_type";
    public const string UnsupportedAction = "unsupported_action";
    public const string LimitNotAvailable = "limit_not_available";
    public const string BrowserNotAvailable = "browser_not_available";
    public const string SandboxNotFound = "sandbox_not_found";
    public const string SandboxPaused = "sandbox_paused";
    public const string InvalidExecutionId = "invalid_execution_id";

    public const string Unauthenticated = "unauthenticated";
    public const string InsufficientScope = "insufficient_scope";
    public const string ExecutionIdMismatch = "execution_id_mismatch";

    public const string RateLimited = "rate_limited";
    public const string TooManySandboxes = "too_many_sandboxes";
    public const string NodeAtCapacity = "node_at_capacity";
    public const string KernelStartFailed = "kernel_start_failed";
    public const string SandboxUnavailable = "sandbox_unavailable";
    public const string ShuttingDown = "shutting_down";
    public const string InternalError = "internal_error";
}
