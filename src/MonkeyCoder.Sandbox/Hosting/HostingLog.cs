namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>Event ids 1300-1399.</summary>
internal static partial class HostingLog
{
    [LoggerMessage(1300, LogLevel.Information, "Stopping; {Count} sandboxes are removed")]
    public static partial void Stopping(this ILogger logger, int count);

    [LoggerMessage(1301, LogLevel.Error, "The stop left something behind, which the next start removes")]
    public static partial void StopIncomplete(this ILogger logger, Exception exception);
}
