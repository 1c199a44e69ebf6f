using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>Security events, a category of their own. Event ids 1100-1199.</summary>
internal static partial class SecurityLog
{
    /// <summary>Category of every security event.</summary>
    public const string Category = "MonkeyCoder.Security";

    [LoggerMessage(1100, LogLevel.Warning, "Authentication failed: {Reason} at {Path} from {Address}")]
    public static partial void AuthenticationFailed(this ILogger logger, string reason, string path, string? address);

    [LoggerMessage(1101, LogLevel.Error, "The key file cannot be read, so that no API key holds: {Reason}")]
    public static partial void KeysUnreadable(this ILogger logger, string reason);

    [LoggerMessage(1102, LogLevel.Information, "API keys loaded: {Count} hold")]
    public static partial void KeysLoaded(this ILogger logger, int count);

    [LoggerMessage(1103, LogLevel.Warning, "Token for {TokenExecutionId} used for execution {ExecutionId}")]
    public static partial void ExecutionIdMismatch(this ILogger logger, string tokenExecutionId, string executionId);

    [LoggerMessage(1104, LogLevel.Warning, "Execution reached a limit of sandbox {SandboxId} of {Tenant}: {Limit}")]
    public static partial void LimitReached(this ILogger logger, string sandboxId, string tenant, string limit);

    [LoggerMessage(1106, LogLevel.Warning, "Too many credentials from {Address} did not hold; none is looked at for a moment")]
    public static partial void TooManyFailures(this ILogger logger, string? address);

    [LoggerMessage(1107, LogLevel.Information, "Token secrets read again: {Count} verify")]
    public static partial void SecretsLoaded(this ILogger logger, int count);

    [LoggerMessage(1108, LogLevel.Warning, "The token secrets of before stay in force, because {Path} {Fault}")]
    public static partial void SecretsKept(this ILogger logger, string path, string fault);

    [LoggerMessage(1150, LogLevel.Warning, "Code check: {Rule} ({Severity}) at line {Line}, column {Column}, level {Level}, code of {Tenant}")]
    public static partial void CodeFinding(
        this ILogger logger, string rule, FindingSeverity severity, int line, int column, CodeCheckLevel level, string tenant);

    [LoggerMessage(1151, LogLevel.Warning, "The sandbox of code checks is replaced: {Reason}")]
    public static partial void CheckerReplaced(this ILogger logger, string reason);

    [LoggerMessage(1105, LogLevel.Warning, "The kernel of sandbox {SandboxId} sent a message that is not the protocol: {Kind}, {Bytes} bytes")]
    public static partial void KernelBrokeProtocol(this ILogger logger, string sandboxId, string kind, long bytes);
}
