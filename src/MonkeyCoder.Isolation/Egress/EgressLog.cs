using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Log messages of the way out: events 2100 to 2199. Refusals are security events.</summary>
internal static partial class EgressLog
{
    [LoggerMessage(2100, LogLevel.Warning,
        "Sandbox {SandboxId} of {Tenant} may not connect to {Host} port {Port}: {Reason}; refusals before it without a line: {HeldBack}")]
    public static partial void Refused(
        this ILogger logger, SandboxId sandboxId, string tenant, string host, int port, string reason, long heldBack);

    [LoggerMessage(2101, LogLevel.Error, "A connection of sandbox {SandboxId} was dropped because of a bug")]
    public static partial void ConnectionFailed(this ILogger logger, Exception exception, SandboxId sandboxId);

    [LoggerMessage(2102, LogLevel.Warning, "Sandbox {SandboxId} of {Tenant} was refused more connections than have a line: {HeldBack}")]
    public static partial void HeldBack(this ILogger logger, SandboxId sandboxId, string tenant, long heldBack);
}
