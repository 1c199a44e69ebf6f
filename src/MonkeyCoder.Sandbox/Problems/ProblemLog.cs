namespace MonkeyCoder.Sandbox.Problems;

/// <summary>Event ids 1400-1499.</summary>
internal static partial class ProblemLog
{
    [LoggerMessage(1400, LogLevel.Error, "Request failed with {Code}")]
    public static partial void Fault(this ILogger logger, Exception exception, string code);

    [LoggerMessage(1401, LogLevel.Information, "Request refused with {Status} {Code}: {Detail}")]
    public static partial void Refused(this ILogger logger, int status, string code, string detail);

    [LoggerMessage(1402, LogLevel.Debug, "Caller of {Path} went away")]
    public static partial void CallerGone(this ILogger logger, string path);
}
