using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>How a cell ended.</summary>
internal enum CellStatus
{
    Completed,
    /// <summary>The code raised.</summary>
    Failed,
    Timeout,
    /// <summary>Ended by a limit: see <see cref="CellEnded.Reason"/> (memory, disk, processes) or the kernel's death.</summary>
    Killed,
    /// <summary>The caller went away or asked.</summary>
    Cancelled,
}

/// <summary>What a running cell yields, in order. The last is always one <see cref="CellEnded"/>.</summary>
internal abstract record CellEvent;

/// <summary>The cell's number in its kernel; 1 is the first.</summary>
internal sealed record CellStarted(int ExecutionCount) : CellEvent;

/// <summary>Text of one stream, cut on character boundaries.</summary>
internal sealed record CellText(OutputChannel Channel, string Text, DateTimeOffset Timestamp) : CellEvent;

/// <summary>One result: a JSON object with the fields of <c>templates/base/kernels/PROTOCOL.md</c>, checked to be one.</summary>
internal sealed record CellResult(ReadOnlyMemory<byte> Json) : CellEvent;

/// <summary>What the code raised.</summary>
internal sealed record CellError(string Name, string Value, string Traceback) : CellEvent;

/// <summary>Output was cut (<c>output_limit</c>) or could not be kept as it was (<c>not_utf8</c>).</summary>
/// <param name="Stream"><c>stdout</c>, <c>stderr</c> or <c>result</c>.</param>
/// <param name="Reason">Stable code.</param>
/// <param name="OffsetBytes">Where in that stream.</param>
/// <param name="Bytes">How many bytes were dropped or replaced.</param>
internal sealed record CellCut(string Stream, string Reason, long OffsetBytes, long Bytes) : CellEvent;

/// <summary>The end.</summary>
internal sealed record CellEnded(CellStatus Status, string? Reason) : CellEvent
{
    /// <value>What was measured from the moment that the kernel took the cell; null where it never did.</value>
    public CellMeasurement? Measured { get; init; }
}

/// <summary>Figures around one cell; a cell of another context at the same time is within them.</summary>
/// <param name="WallTime">From the kernel's taking the cell to its end.</param>
/// <param name="Before">null where it could not be read.</param>
/// <param name="After">null where the sandbox was gone. Its memory peak is that of the cell.</param>
internal sealed record CellMeasurement(TimeSpan WallTime, SandboxUsage? Before, SandboxUsage? After);
