namespace MonkeyCoder.Testing;

/// <summary>A clock that stands still until a test moves it. Arm the wait, see it armed, then move.</summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<ManualTimer> _timers = [];
    private readonly List<(TimeSpan Due, TaskCompletionSource Armed)> _waiters = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private TimeSpan _jumped;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate) return _now + _jumped;
    }

    public override long GetTimestamp()
    {
        lock (_gate) return _now.Ticks;
    }

    /// <summary>Sets the wall clock; what counts elapsed time, timers too, does not notice.</summary>
    public void Jump(TimeSpan by)
    {
        lock (_gate) _jumped += by;
    }

    /// <summary>Moves the clock and fires what is due, in order.</summary>
    public void Advance(TimeSpan by)
    {
        DateTimeOffset end;
        lock (_gate) end = _now + by;
        while (true)
        {
            ManualTimer? next;
            lock (_gate)
            {
                next = _timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.DueAt);
                _now = next is null ? end : next.DueAt!.Value > _now ? next.DueAt.Value : _now;
                if (next is null) return;
                next.Advance();
            }

            next.Fire();
        }
    }

    /// <summary>Completes when a timer waits that was armed for exactly this time.</summary>
    public async Task ArmedAsync(TimeSpan due, CancellationToken cancellationToken)
    {
        TaskCompletionSource armed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_timers.Any(timer => timer.Due == due && timer.DueAt is not null)) return;
            _waiters.Add((due, armed));
        }

        await armed.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ManualTimer(ManualTimeProvider owner, Action fire) : ITimer
    {
        private TimeSpan _period;

        public TimeSpan Due { get; private set; }

        public DateTimeOffset? DueAt { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._gate)
            {
                owner._timers.Remove(this);
                Due = dueTime;
                _period = period;
                DueAt = dueTime == Timeout.InfiniteTimeSpan ? null : owner._now + dueTime;
                if (DueAt is null) return true;
                owner._timers.Add(this);
                foreach (var waiter in owner._waiters.Where(waiter => waiter.Due == dueTime).ToArray())
                {
                    owner._waiters.Remove(waiter);
                    waiter.Armed.TrySetResult();
                }
            }

            return true;
        }

        // Caller holds the gate.
        public void Advance()
        {
            if (_period > TimeSpan.Zero)
            {
                DueAt += _period;
                return;
            }

            DueAt = null;
            owner._timers.Remove(this);
        }

        public void Fire() => fire();

        public void Dispose()
        {
            lock (owner._gate) owner._timers.Remove(this);
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
