namespace MonkeyCoder.Agent.Connections;

/// <summary>
/// How often the agent sends small pieces of output, all streams of the sandbox together: each wakes the node, whatever
/// it carries. The first ones go at once; after them the pumps wait a little, and what has come meanwhile goes as one. Pieces that
/// fill a buffer are free: nothing could be gained by waiting. Safe to use from many threads.
/// </summary>
/// <remarks>It is here to make output cheap, not safe: the node, which does not trust this program, has a pace of its own.</remarks>
internal sealed class OutputPace(TimeProvider time)
{
    /// <summary>Pieces that go at once after a silence: more than what people and programs in dialogue send.</summary>
    public const int Burst = 256;

    /// <summary>Pieces a second after those.</summary>
    public const int PiecesPerSecond = 1000;

    private readonly Lock _gate = new();

    // Both guarded by _gate.
    private double _left = Burst;
    private long _filledAt = time.GetTimestamp();

    /// <summary>Milliseconds until the next piece may be read, at least 1; 0: now.</summary>
    public int MillisecondsToWait()
    {
        lock (_gate)
        {
            Refill();
            return _left >= 0 ? 0 : Math.Max(1, (int)Math.Ceiling(-_left * 1000 / PiecesPerSecond));
        }
    }

    /// <summary>A small piece has been sent.</summary>
    public void Spend()
    {
        lock (_gate)
        {
            Refill();
            _left--;
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private void Refill()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(Burst, _left + time.GetElapsedTime(_filledAt, now).TotalSeconds * PiecesPerSecond);
        _filledAt = now;
    }
}
