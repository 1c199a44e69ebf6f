namespace MonkeyCoder.Isolation.Egress;

/// <summary>So many a second, with a reserve for bursts.</summary>
/// <param name="perSecond">Rate.</param>
/// <param name="burst">Reserve, full at the start.</param>
/// <param name="time">Clock.</param>
internal sealed class TokenBucket(double perSecond, double burst, TimeProvider time)
{
    private readonly Lock _lock = new();
    private double _perSecond = perSecond; // under _lock
    private double _burst = burst; // under _lock
    private double _left = burst; // under _lock; negative while what was taken is being waited for
    private long _filledAt = time.GetTimestamp(); // under _lock
    private long _waitedUntil; // under _lock; timestamp
    private TimeSpan _waited; // under _lock

    /// <summary>For how long somebody had to wait, up to now; time in which many did counts once.</summary>
    public TimeSpan Waited
    {
        get
        {
            lock (_lock)
            {
                var now = time.GetTimestamp();
                return now < _waitedUntil ? _waited - time.GetElapsedTime(now, _waitedUntil) : _waited;
            }
        }
    }

    /// <summary>Changes both.</summary>
    public void Set(double perSecond, double burst)
    {
        lock (_lock)
        {
            Fill();
            // A larger reserve is full in what it is larger by.
            _left = Math.Min(burst, _left + Math.Max(0, burst - _burst));
            (_perSecond, _burst) = (perSecond, burst);
        }
    }

    /// <summary>Takes them where they are there.</summary>
    public bool TryTake(double count)
    {
        lock (_lock)
        {
            Fill();
            if (_left < count) return false;
            _left -= count;
            return true;
        }
    }

    /// <summary>Takes them, and says how long to wait before using them.</summary>
    public TimeSpan Take(double count)
    {
        lock (_lock)
        {
            Fill();
            _left -= count;
            if (_left >= 0) return TimeSpan.Zero;
            var wait = TimeSpan.FromSeconds(-_left / _perSecond);
            var until = _filledAt + (long)(wait.TotalSeconds * time.TimestampFrequency);
            var from = Math.Max(_filledAt, _waitedUntil);
            if (until > from) (_waited, _waitedUntil) = (_waited + time.GetElapsedTime(from, until), until);
            return wait;
        }
    }

    /// <summary>Caller holds the lock.</summary>
    private void Fill()
    {
        var now = time.GetTimestamp();
        _left = Math.Min(_burst, _left + time.GetElapsedTime(_filledAt, now).TotalSeconds * _perSecond);
        _filledAt = now;
    }
}
