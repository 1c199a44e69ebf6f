using System.Diagnostics;
using System.Text.Json;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Makes the answer of <c>/sandbox/execute</c> from the events of its cell.</summary>
internal sealed class ExecutionAnswer(ExecutionOptions options)
{
    private const int MaxResults = 1000;

    private readonly OutputCollector _output = new(options);
    private readonly List<CellResultData> _results = [];
    private ExecutionError? _error;
    private int _count;
    private long _resultBytes;
    private long _resultBytesKept;

    /// <summary>How the cell ended.</summary>
    public CellEnded End { get; private set; } = new(CellStatus.Cancelled, Reason: null);

    /// <summary>Takes the next event.</summary>
    public void Take(CellEvent next)
    {
        switch (next)
        {
            case CellStarted started:
                _count = started.ExecutionCount;
                break;
            case CellText text:
                _output.Add(text);
                break;
            case CellResult result:
                TakeResult(result);
                break;
            case CellError error:
                _error ??= new ExecutionError(error.Name, error.Value, error.Traceback);
                break;
            case CellCut cut:
                _output.Add(cut);
                break;
            case CellEnded ended:
                End = ended;
                break;
            default:
                throw new UnreachableException();
        }
    }

    /// <summary>The answer, after the last event.</summary>
    public ExecuteResponse Make(string executionId)
    {
        if (_resultBytes > _resultBytesKept)
            _output.Add(new CellCut("result", "output_limit", _resultBytesKept, _resultBytes - _resultBytesKept));
        var lines = _output.Lines();
        var usage = Usage(End.Measured);
        var logs = _output.Logs();
        var result = new ExecutionResult(_results, logs, _error, _count);
        return new ExecuteResponse(executionId, Status(End.Status), result, lines, usage.WallSeconds, usage)
        {
            Reason = End.Reason,
            LimitsReached = FeltLimits.Of(End, logs.Truncated),
        };
    }

    private void TakeResult(CellResult result)
    {
        var whole = _resultBytes == _resultBytesKept;
        _resultBytes += result.Json.Length;
        if (!whole || _resultBytes > options.MaxResultBytes || _results.Count >= MaxResults) return;
        _resultBytesKept = _resultBytes;
        _results.Add(JsonSerializer.Deserialize(result.Json.Span, ExecutionJson.Default.CellResultData)!);
    }

    private static ResourceUsage Usage(CellMeasurement? measured)
    {
        if (measured is not { Before: { } before, After: { } after })
            return new ResourceUsage(measured?.WallTime.TotalSeconds ?? 0, 0, 0, 0, 0);
        return new ResourceUsage(
            measured.WallTime.TotalSeconds,
            Math.Max(0, (after.CpuTime - before.CpuTime).TotalSeconds),
            after.MemoryPeakBytes,
            Math.Max(0, after.DiskWrittenBytes - before.DiskWrittenBytes),
            Math.Max(0, after.NetworkBytes - before.NetworkBytes));
    }

    private static ExecutionStatus Status(CellStatus status) => status switch
    {
        CellStatus.Completed => ExecutionStatus.Completed,
        CellStatus.Failed => ExecutionStatus.Failed,
        CellStatus.Timeout => ExecutionStatus.Timeout,
        CellStatus.Killed => ExecutionStatus.Killed,
        CellStatus.Cancelled => ExecutionStatus.Cancelled,
        _ => throw new UnreachableException(),
    };
}
