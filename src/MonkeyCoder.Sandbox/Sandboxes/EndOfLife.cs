namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>
/// When a sandbox will be killed, counted on the clock that nobody can set. Where the wall clock jumps, the end is shown at
/// another time, and comes when it was to come.
/// </summary>
internal sealed class EndOfLife
{
    // Small differences between the two clocks must not make an end look different each time that it is read.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly DateTimeOffset _asked;

    /// <param name="time">Both clocks.</param>
    /// <param name="end">By the wall clock as it is now.</param>
    public EndOfLife(TimeProvider time, DateTimeOffset end)
    {
        _time = time;
        _asked = end;
        Timestamp = time.GetTimestamp() + (long)((Int128)(end - time.GetUtcNow()).Ticks * time.TimestampFrequency / TimeSpan.TicksPerSecond);
    }

    /// <summary>The end, as <see cref="TimeProvider.GetTimestamp"/> counts.</summary>
    public long Timestamp { get; }

    /// <summary>The end by the wall clock of now.</summary>
    public DateTimeOffset WallTime
    {
        get
        {
            var now = _time.GetUtcNow() + _time.GetElapsedTime(_time.GetTimestamp(), Timestamp);
            return (now - _asked).Duration() < Tolerance ? _asked : now;
        }
    }
}
