using Microsoft.Extensions.Logging;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Log messages of the engine: events 2000 to 2099.</summary>
internal static partial class SandboxLog
{
    [LoggerMessage(2000, LogLevel.Debug, "Sandbox {SandboxId} of template {Template} ({Profile}) is ready after {Milliseconds} ms")]
    public static partial void Launched(this ILogger logger, SandboxId sandboxId, string template, SandboxProfile profile, double milliseconds);

    [LoggerMessage(2001, LogLevel.Warning, "Launching sandbox {SandboxId} failed")]
    public static partial void LaunchFailed(this ILogger logger, Exception exception, SandboxId sandboxId);

    [LoggerMessage(2002, LogLevel.Debug, "Sandbox {SandboxId} is removed after {Milliseconds} ms")]
    public static partial void Removed(this ILogger logger, SandboxId sandboxId, double milliseconds);

    [LoggerMessage(2003, LogLevel.Error, "Sandbox {SandboxId} could not be removed completely; the next start of the service tries again")]
    public static partial void RemoveFailed(this ILogger logger, Exception exception, SandboxId sandboxId);

    [LoggerMessage(2004, LogLevel.Warning, "Sandbox {SandboxId} has ended: {Exit}, exit code {ExitCode}, signal {Signal}. Its last words: {Output}")]
    public static partial void Ended(this ILogger logger, SandboxId sandboxId, SandboxExit exit, int? exitCode, int? signal, string output);

    [LoggerMessage(2005, LogLevel.Information, "Removed what a predecessor left of {Count} sandboxes")]
    public static partial void Reclaimed(this ILogger logger, int count);

    [LoggerMessage(2006, LogLevel.Warning, "The pool could not be filled with template {Template} ({Profile}); next try in {Seconds} s")]
    public static partial void PoolFillFailed(this ILogger logger, Exception exception, string template, SandboxProfile profile, double seconds);

    [LoggerMessage(2007, LogLevel.Information, "Engine started: instance {Instance}, cgroup {CgroupVersion}, store {Store}")]
    public static partial void EngineStarted(this ILogger logger, string instance, string cgroupVersion, string store);

    [LoggerMessage(2009, LogLevel.Warning, "Isolation tier {Tier}: {Warning}")]
    public static partial void TierWarning(this ILogger logger, string tier, string warning);

    [LoggerMessage(2010, LogLevel.Error, "The watchdog could not look at the sandboxes; it tries again")]
    public static partial void WatchFailed(this ILogger logger, Exception exception);

    [LoggerMessage(2011, LogLevel.Information, "Sandbox {SandboxId} has {Count} files and may have {Limit}: it can add nothing until it has deleted some")]
    public static partial void FilesHeld(this ILogger logger, SandboxId sandboxId, long count, long limit);

    [LoggerMessage(2012, LogLevel.Error, "The files of a sandbox could not be looked at; the watch tries again")]
    public static partial void FileWatchFailed(this ILogger logger, Exception exception);

    [LoggerMessage(2008, LogLevel.Warning, "Host check {Check}: {Value}. {Advice}")]
    public static partial void HostWarning(this ILogger logger, string check, string value, string advice);
}
