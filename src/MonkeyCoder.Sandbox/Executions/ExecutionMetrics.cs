using System.Diagnostics.Metrics;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// Counts cells of every API. <c>sandbox_executions_total</c>: a rising share of killed or timeout means that limits are
/// too tight or code is hostile. <c>sandbox_execution_duration_seconds</c>: from the cell's turn to its end, kernel start
/// included; a rise without a rise in user code means that the node is overloaded.
/// </summary>
internal sealed class ExecutionMetrics
{
    /// <summary>Meter of the service; its names are those of the original API and not of a scheme.</summary>
    public const string MeterName = "MonkeyCoder.Sandbox";

    private const string TypeTag = "sandbox_type";
    private const string StatusTag = "status";
    private const string CodeType = "code";

    private static readonly InstrumentAdvice<double> Buckets = new()
    {
        HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    };

    private readonly Counter<long> _total;
    private readonly Histogram<double> _duration;
    private readonly TimeProvider _timeProvider;
    private readonly long[] _byStatus = new long[Enum.GetValues<CellStatus>().Length];
    private long _running;

    public ExecutionMetrics(IMeterFactory meters, TimeProvider timeProvider)
    {
#pragma warning disable CA2000 // The factory owns its meters.
        var meter = meters.Create(MeterName);
#pragma warning restore CA2000
        _total = meter.CreateCounter<long>("sandbox_executions_total", unit: null, "Executions that have ended.");
        _duration = meter.CreateHistogram(
            "sandbox_execution_duration_seconds", "s", "Time from an execution's turn to its end.", tags: null, Buckets);
        _timeProvider = timeProvider;
    }

    /// <summary>Executions now and since the start.</summary>
    public NodeExecutions Read() => new(
        Interlocked.Read(ref _running),
        Count(CellStatus.Completed),
        Count(CellStatus.Failed),
        Count(CellStatus.Timeout),
        Count(CellStatus.Killed),
        Count(CellStatus.Cancelled));

    /// <summary>Begins to measure one execution.</summary>
    public Measurement Start()
    {
        Interlocked.Increment(ref _running);
        return new Measurement(this, _timeProvider.GetTimestamp());
    }

    private long Count(CellStatus status) => Interlocked.Read(ref _byStatus[(int)status]);

    private void End(CellStatus status, long started)
    {
        Interlocked.Decrement(ref _running);
        Interlocked.Increment(ref _byStatus[(int)status]);
        _total.Add(1, new(TypeTag, CodeType), new(StatusTag, NameOf(status)));
        _duration.Record(
            _timeProvider.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>(TypeTag, CodeType));
    }

    private static string NameOf(CellStatus status) => status switch
    {
        CellStatus.Completed => "completed",
        CellStatus.Failed => "failed",
        CellStatus.Timeout => "timeout",
        CellStatus.Killed => "killed",
        _ => "cancelled",
    };

    /// <summary>One execution that runs; left without an end it counts as cancelled.</summary>
    internal sealed class Measurement(ExecutionMetrics metrics, long started) : IDisposable
    {
        private bool _ended;

        public void End(CellStatus status)
        {
            if (_ended) return;
            _ended = true;
            metrics.End(status, started);
        }

        public void Dispose() => End(CellStatus.Cancelled);
    }
}
