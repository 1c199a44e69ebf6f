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
}
