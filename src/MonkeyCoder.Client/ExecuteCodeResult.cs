using System.Text.Json.Serialization;

namespace MonkeyCoder.Client;

/// <summary>How an execution ended.</summary>
public enum ExecutionStatus
{
    /// <summary>The code ran to its end.</summary>
    Completed,

    /// <summary>The code raised.</summary>
    Failed,

    /// <summary>Interrupted after its timeout.</summary>
    Timeout,

    /// <summary>Ended by a limit; see <see cref="ExecuteCodeResult.Reason"/>.</summary>
    Killed,

    /// <summary>The caller went away or asked for it.</summary>
    Cancelled,
}

/// <summary>Answer of <c>POST /sandbox/execute</c>.</summary>
public sealed record ExecuteCodeResult
{
    /// <summary>Id of the execution, as in the service's logs.</summary>
    public required string ExecutionId { get; init; }

    /// <summary>How it ended.</summary>
    public required ExecutionStatus Status { get; init; }

    /// <summary>Why it was killed: <c>memory</c>, <c>disk</c>, <c>processes</c>; null otherwise.</summary>
    public string? Reason { get; init; }

    /// <summary>Results, output and error of the cell; null where it never started.</summary>
    public CellExecution? Result { get; init; }

    /// <summary>Lines of standard output and standard error.</summary>
    public IReadOnlyList<string> Logs { get; init; } = [];

    /// <summary>Wall-clock time of the execution in seconds.</summary>
    [JsonPropertyName("execution_time")]
    public double ExecutionSeconds { get; init; }

    /// <summary>Measured figures of this execution.</summary>
    public ResourceUsage? ResourceUsage { get; init; }

    /// <summary>The sandbox it ran in, where that one was kept.</summary>
    public string? SandboxId { get; init; }
}

/// <summary>What one execution used, measured by the kernel.</summary>
public sealed record ResourceUsage
{
    /// <summary>Seconds on the clock.</summary>
    public double WallSeconds { get; init; }

    /// <summary>Seconds of CPU, user and system, of all its processes.</summary>
    public double CpuSeconds { get; init; }

    /// <summary>Largest memory charge in bytes.</summary>
    public long MemoryPeakBytes { get; init; }

    /// <summary>Bytes written to disk.</summary>
    public long DiskWrittenBytes { get; init; }

    /// <summary>Bytes that left or entered the sandbox.</summary>
    public long NetworkBytes { get; init; }
}
