using System.Collections;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Event ids 1200-1299.</summary>
internal static partial class ExecutionLog
{
    [LoggerMessage(1200, LogLevel.Information, "Execution started in {Language}, {CodeBytes} bytes of code")]
    public static partial void Started(this ILogger logger, string language, int codeBytes);

    [LoggerMessage(1201, LogLevel.Information, "Execution ended: {Status} {Reason} after {WallSeconds} s, {CpuSeconds} s of CPU")]
    public static partial void Ended(this ILogger logger, CellStatus status, string? reason, double wallSeconds, double cpuSeconds);

    [LoggerMessage(1202, LogLevel.Error, "Sandbox {SandboxId} could not be removed")]
    public static partial void RemovalFailed(this ILogger logger, Exception exception, string sandboxId);

    [LoggerMessage(1203, LogLevel.Information, "Caller went away; the execution was interrupted")]
    public static partial void Abandoned(this ILogger logger);

    [LoggerMessage(1204, LogLevel.Information, "Cleanup removed {Count} sandboxes of {Tenant}")]
    public static partial void CleanedUp(this ILogger logger, int count, string tenant);

    [LoggerMessage(1205, LogLevel.Information, "Sandbox was paused; the execution is not waited for")]
    public static partial void CutOff(this ILogger logger);

    /// <summary>Puts ids on every line that is logged within: the execution's, the tenant's, the sandbox's once it is known.</summary>
    public static IDisposable? BeginExecution(this ILogger logger, string executionId, string tenant) =>
        logger.BeginScope(new LogIds(new("execution_id", executionId), new("tenant", tenant)));

    /// <inheritdoc cref="BeginExecution"/>
    public static IDisposable? BeginSandbox(this ILogger logger, string sandboxId) =>
        logger.BeginScope(new LogIds(new KeyValuePair<string, object>("sandbox_id", sandboxId)));
}

/// <summary>A scope of ids: values to search by, and a text to read.</summary>
internal sealed class LogIds(params KeyValuePair<string, object>[] ids) : IReadOnlyList<KeyValuePair<string, object>>
{
    public int Count => ids.Length;

    public KeyValuePair<string, object> this[int index] => ids[index];

    public IEnumerator<KeyValuePair<string, object>> GetEnumerator() => ids.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => string.Join(' ', ids.Select(id => $"{id.Key}={id.Value}"));
}
