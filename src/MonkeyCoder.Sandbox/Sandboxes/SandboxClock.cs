namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>
/// The time of one sandbox: it stands still while the sandbox is paused, and so do its timers. The wall clock is that of the node.
/// </summary>
internal sealed class SandboxClock(TimeProvider time) : TimeProvider
{
    private readonly Lock _lock = new();

    // All guarded by _lock; times are timestamps.
    private readonly HashSet<Alarm> _alarms = [];
    private long? _stoppedAt;
    private long _stood;

    public override long TimestampFrequency => time.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => time.GetUtcNow();

    public override long GetTimestamp()
    {
        lock (_lock) return Now;
    }

    /// <summary>Stands still from now on.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            if (_stoppedAt is not null) return;
            _stoppedAt = time.GetTimestamp();
            foreach (var alarm in _alarms) alarm.Arm();
        }
    }

    /// <summary>Goes on from where it was.</summary>
    public void Go()
    {
        lock (_lock)
        {
            if (_stoppedAt is not { } since) return;
            _stood += time.GetTimestamp() - since;
            _stoppedAt = null;
            foreach (var alarm in _alarms) alarm.Arm();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var alarm = new Alarm(this, callback, state);
        alarm.Change(dueTime, period);
        return alarm;
    }

    /// <summary>Caller holds the lock.</summary>
    private long Now => (_stoppedAt ?? time.GetTimestamp()) - _stood;

    /// <summary>A timer of this clock on a timer of the node's. Its fields are guarded by the clock's lock.</summary>
    private sealed class Alarm : ITimer
    {
        private readonly SandboxClock _clock;
        private readonly TimerCallback _callback;
        private readonly object? _state;
        private readonly ITimer _timer;
        private long? _due;
        private TimeSpan _period;

        public Alarm(SandboxClock clock, TimerCallback callback, object? state)
        {
            (_clock, _callback, _state) = (clock, callback, state);
            _timer = clock.Time.CreateTimer(static me => ((Alarm)me!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_clock._lock)
            {
                _period = period;
                Set(dueTime == Timeout.InfiniteTimeSpan ? null : _clock.Now + _clock.Ticks(dueTime));
            }

            return true;
        }

        public void Dispose()
        {
            lock (_clock._lock) Set(null);
            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }

        /// <summary>Sets the node's timer to where this one stands. Caller holds the lock.</summary>
        public void Arm()
        {
            var wait = Timeout.InfiniteTimeSpan;
            if (_due is { } due && _clock._stoppedAt is null)
            {
                // Rounded up to whole milliseconds, so that it is never early.
                var left = _clock.GetElapsedTime(_clock.Now, due);
                wait = left > TimeSpan.Zero ? TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)) : TimeSpan.Zero;
            }

            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }

        /// <summary>Caller holds the lock.</summary>
        private void Set(long? due)
        {
            _due = due;
            if (due is null) _clock._alarms.Remove(this);
            else _clock._alarms.Add(this);
            Arm();
        }

        private void Fire()
        {
            lock (_clock._lock)
            {
                // Stopped or moved while this was on its way: the timer has been set anew then.
                if (_due is not { } due || _clock._stoppedAt is not null) return;
                if (_clock.Now < due)
                {
                    // A moment early: timers of .NET count by a coarser clock than timestamps.
                    Arm();
                    return;
                }

                Set(_period > TimeSpan.Zero ? due + _clock.Ticks(_period) : null);
            }

            _callback(_state);
        }
    }

    private TimeProvider Time => time;

    private long Ticks(TimeSpan span) => (long)((Int128)span.Ticks * TimestampFrequency / TimeSpan.TicksPerSecond);
}
