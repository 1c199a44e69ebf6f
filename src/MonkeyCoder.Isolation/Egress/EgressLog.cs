using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Log messages of the way out: events 2100 to 2199.</summary>
internal static partial class EgressLog
{
    [LoggerMessage(2100, LogLevel.Warning, "Sandbox {SandboxId} may not connect to {Host} port {Port}: {Reason}")]
    public static partial void Refused(this ILogger logger, SandboxId sandboxId, string host, int port, string reason);

    [LoggerMessage(2101, LogLevel.Error, "A connection of sandbox {SandboxId} was dropped because of a bug")]
    public static partial void ConnectionFailed(this ILogger logger, Exception exception, SandboxId sandboxId);
}
