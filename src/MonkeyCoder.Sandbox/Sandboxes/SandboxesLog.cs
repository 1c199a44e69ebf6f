namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>Event ids 1000-1099.</summary>
internal static partial class SandboxesLog
{
    [LoggerMessage(1000, LogLevel.Information, "Sandbox {SandboxId} of tenant {Tenant} created from {Template} for {Life}")]
    public static partial void Created(this ILogger logger, string sandboxId, string tenant, string template, TimeSpan life);

    [LoggerMessage(1001, LogLevel.Information, "Sandbox {SandboxId} ended ({Why}) after {Age}")]
    public static partial void Ended(this ILogger logger, string sandboxId, SandboxEnd why, TimeSpan age);

    [LoggerMessage(1002, LogLevel.Error, "Sandbox {SandboxId} could not be removed completely")]
    public static partial void TeardownFailed(this ILogger logger, string sandboxId, Exception exception);

    [LoggerMessage(1003, LogLevel.Information, "Sandbox {SandboxId} paused; it holds {MemoryBytes} bytes of memory")]
    public static partial void Paused(this ILogger logger, string sandboxId, long memoryBytes);

    [LoggerMessage(1004, LogLevel.Information, "Sandbox {SandboxId} resumed for {Life}, after {Paused}")]
    public static partial void Resumed(this ILogger logger, string sandboxId, TimeSpan life, TimeSpan paused);

    [LoggerMessage(1005, LogLevel.Warning, "Sandbox {SandboxId} could not be paused")]
    public static partial void PauseFailed(this ILogger logger, string sandboxId, Exception exception);

    [LoggerMessage(1006, LogLevel.Information, "Sandbox {SandboxId} is not paused at the end of its time, but killed: {Outcome}")]
    public static partial void NotPaused(this ILogger logger, string sandboxId, PauseOutcome outcome);

    [LoggerMessage(1007, LogLevel.Information, "Paused sandbox {SandboxId} gave back {FreedBytes} bytes of memory, and holds {MemoryBytes}")]
    public static partial void Reclaimed(this ILogger logger, string sandboxId, long freedBytes, long memoryBytes);

    [LoggerMessage(1008, LogLevel.Warning, "The memory of paused sandbox {SandboxId} could not be reclaimed")]
    public static partial void ReclaimFailed(this ILogger logger, string sandboxId, Exception exception);
}
