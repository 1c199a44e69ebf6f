namespace MonkeyCoder.Isolation.Agents;

/// <summary>
/// What the bytes of one sandbox's agent may cost this process, all connections together: a token bucket of estimated CPU
/// time. Where it is empty, its streams are not read for a while; their sockets fill, and the sandbox waits. Safe to use
/// from many threads.
/// </summary>
/// <remarks>
/// An agent is hostile: it could send frames of one byte, and it need not come out of the sandbox's limit of CPU what it
/// costs to read, decode, encode and send them on. Agents as they should be join small pieces, and do not get near it.
/// </remarks>
internal sealed class AgentPace(AgentClientOptions options)
{
    /// <summary>Largest read that counts as one: what carries more has paid by its bytes.</summary>
    public const int SmallReadBytes = 32 * 1024;

    // Microseconds of CPU, each with what comes after it: to wake up, read and flush; to decode an event and encode it; to
    // encode and send output, per KiB. Orders of magnitude, from the figures in docs/PERFORMANCE.md.
    private const int ReadCost = 50;
    private const int FrameCost = 5;
    private const int OutputKibibyteCost = 2;

    /// <summary>What may be spent at once after a silence.</summary>
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(100);

    /// <summary>So that more has come when the wait is over, and the next read is worth it.</summary>
    private static readonly TimeSpan ShortestWait = TimeSpan.FromMilliseconds(5);

    private readonly Lock _gate = new();

    // Both guarded by _gate. Microseconds.
    private double _left = Burst.TotalMicroseconds;
    private long _filledAt = options.Time.GetTimestamp();

    /// <summary>Takes what has been read from what may be spent.</summary>
    /// <param name="smallReads">Reads of at most <see cref="SmallReadBytes"/>.</param>
    /// <param name="frames">Frames in them.</param>
    /// <param name="outputBytes">Payload of them, but for contents of files: those are as fast as their reader.</param>
    public void Spend(int smallReads, int frames, long outputBytes)
    {
        var cost = (double)smallReads * ReadCost + (double)frames * FrameCost + outputBytes / 1024.0 * OutputKibibyteCost;
        lock (_gate)
        {
            Refill();
            _left -= cost;
        }
    }

    /// <summary>How long not to read; zero where there is something left to spend.</summary>
    public TimeSpan TimeToWait()
    {
        lock (_gate)
        {
            Refill();
            if (_left >= 0) return TimeSpan.Zero;
            var wait = TimeSpan.FromMicroseconds(-_left / options.OutputCpuShare);
            return wait < ShortestWait ? ShortestWait : wait;
        }
    }

    /// <summary>The caller holds the lock.</summary>
    private void Refill()
    {
        var now = options.Time.GetTimestamp();
        var earned = options.Time.GetElapsedTime(_filledAt, now).TotalMicroseconds * options.OutputCpuShare;
        _left = Math.Min(Burst.TotalMicroseconds, _left + earned);
        _filledAt = now;
    }
}
