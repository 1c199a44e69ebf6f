using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.Executions;

/// <summary>Answer of <c>POST /sandbox/execute</c>: 200 also where the code raised.</summary>
/// <param name="ExecutionId">Id of this execution, on every log line of it.</param>
/// <param name="Status">How the cell ended.</param>
/// <param name="Result">What the cell gave, in the form of E2B's execution object.</param>
/// <param name="Logs">
/// Lines of stdout and stderr in the order of their arrival, without line ends; a line over 32,768 characters goes on as the next one.
/// </param>
/// <param name="ExecutionTime">Wall time of the cell in seconds.</param>
/// <param name="ResourceUsage">What the cell used, measured.</param>
public sealed record ExecuteResponse(
    string ExecutionId,
    ExecutionStatus Status,
    ExecutionResult Result,
    IReadOnlyList<string> Logs,
    double ExecutionTime,
    ResourceUsage ResourceUsage)
{
    /// <value>Why the cell was killed (memory, disk, files, processes, open_files, kernel_died, sandbox_killed, …); absent otherwise.</value>
    public string? Reason { get; init; }

    /// <value>
    /// Limits that made themselves felt, also where the cell came to its end: cpu and bandwidth (slowed down for a tenth of its
    /// time or more), connections (refused, or slowed down so, for their number), output, wall_time, and those that kill: memory, disk, volume_workspace and the like, files, processes, life. Absent
    /// where there was none.
    /// </value>
    public IReadOnlyList<string>? LimitsReached { get; init; }

    /// <value>The sandbox, where it lives on.</value>
    public string? SandboxId { get; init; }

    /// <value>What was found in the code before it ran; absent where it was not checked.</value>
    public CodeCheckReport? CodeChecks { get; init; }
}

/// <summary>How an execution ended.</summary>
[JsonConverter(typeof(ExecutionStatusConverter))]
public enum ExecutionStatus
{
    /// <summary>The cell came to its end.</summary>
    Completed,

    /// <summary>The code raised.</summary>
    Failed,

    /// <summary>Interrupted at its time limit.</summary>
    Timeout,

    /// <summary>Ended by a limit; see <see cref="ExecuteResponse.Reason"/>.</summary>
    Killed,

    /// <summary>The caller asked for its end, or killed the sandbox.</summary>
    Cancelled,
}

/// <summary>JSON form of <see cref="ExecutionStatus"/>: snake_case text. Public, so that other JSON contexts can use it.</summary>
public sealed class ExecutionStatusConverter()
    : JsonStringEnumConverter<ExecutionStatus>(System.Text.Json.JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>Measured figures of one execution.</summary>
/// <param name="WallSeconds">Time from the moment that the kernel took the cell to its end; the start of a fresh kernel is not in it.</param>
/// <param name="CpuSeconds">User and system time of the whole sandbox during the cell.</param>
/// <param name="PeakMemoryBytes">Largest memory charge of the sandbox during the cell, page cache included.</param>
/// <param name="DiskWrittenBytes">Bytes that reached block devices during the cell.</param>
/// <param name="NetworkBytes">Bytes through the egress gateway during the cell, both ways.</param>
public sealed record ResourceUsage(
    double WallSeconds, double CpuSeconds, long PeakMemoryBytes, long DiskWrittenBytes, long NetworkBytes);
