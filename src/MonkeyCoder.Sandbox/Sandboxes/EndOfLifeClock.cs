namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>
/// Calls back when things reach their end, with one timer for all of them. An end that moves later leaves its old place
/// in the queue, which is then put right when its turn comes; so a move costs nothing most of the time.
/// </summary>
internal sealed class EndOfLifeClock : IDisposable
{
    /// <summary>Longest single wait of a timer; later ends are looked at again after it.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(12);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly Action<Entry> _ended;
    private readonly Lock _lock = new();

    // All guarded by _lock.
    private readonly PriorityQueue<Entry, long> _queue = new();
    private bool _disposed;

    /// <param name="time">What the ends are measured with.</param>
    /// <param name="ended">Called outside the lock, on the timer's thread; must not throw or block.</param>
    public EndOfLifeClock(TimeProvider time, Action<Entry> ended)
    {
        _time = time;
        _ended = ended;
        _timer = time.CreateTimer(static state => ((EndOfLifeClock)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>One thing with an end.</summary>
    internal sealed class Entry(LiveSandbox sandbox)
    {
        public LiveSandbox Sandbox => sandbox;

        /// <summary>Guarded by the clock's lock: the earliest place in the queue, null for none.</summary>
        public long? Queued { get; set; }

        /// <summary>Guarded by the clock's lock: ended or removed.</summary>
        public bool Removed { get; set; }
    }

    /// <summary>The sandbox's end was set or moved. False where it has come already, so that nobody is promised a life that is over.</summary>
    public bool TrySchedule(Entry entry)
    {
        lock (_lock)
        {
            if (_disposed || entry.Removed) return false;
            var end = entry.Sandbox.End.Timestamp;
            if (entry.Queued <= end) return true;
            entry.Queued = end;
            _queue.Enqueue(entry, end);
            Arm();
            return true;
        }
    }

    /// <summary>The sandbox ended otherwise.</summary>
    public void Remove(Entry entry)
    {
        lock (_lock)
        {
            entry.Removed = true;
            // So that a long life that ended early is not kept in memory until its end.
            _queue.Remove(entry, out _, out _);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _queue.Clear();
        }

        _timer.Dispose();
    }

    private void Tick()
    {
        List<Entry> ended = [];
        lock (_lock)
        {
            if (_disposed) return;
            var now = _time.GetTimestamp();
            while (_queue.TryPeek(out var entry, out var place) && place <= now)
            {
                _queue.Dequeue();
                // A place that was left behind by an earlier end.
                if (entry.Removed || entry.Queued != place) continue;
                var end = entry.Sandbox.End.Timestamp;
                if (end > now)
                {
                    entry.Queued = end;
                    _queue.Enqueue(entry, end);
                    continue;
                }

                entry.Removed = true;
                ended.Add(entry);
            }

            Arm();
        }

        foreach (var entry in ended) _ended(entry);
    }

    /// <summary>Caller holds <see cref="_lock"/>.</summary>
    private void Arm()
    {
        if (!_queue.TryPeek(out _, out var end)) return;
        var now = _time.GetTimestamp();
        var wait = end > now ? _time.GetElapsedTime(now, end) : TimeSpan.Zero;
        // Rounded up to whole milliseconds: a timer that fires early would find nothing and spin.
        wait = TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds));
        _timer.Change(wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
    }
}
