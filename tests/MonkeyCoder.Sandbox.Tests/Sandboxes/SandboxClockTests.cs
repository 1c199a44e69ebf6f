using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Sandbox.Tests.Sandboxes;

public sealed class SandboxClockTests
{
    private readonly ManualTimeProvider _time = new();
    private readonly SandboxClock _clock;

    public SandboxClockTests() => _clock = new SandboxClock(_time);

    [Fact]
    public void GetElapsedTime_AcrossPauses_LeavesThemOut()
    {
        var started = _clock.GetTimestamp();
        Pass(seconds: 2, paused: 100);
        Pass(seconds: 3, paused: 50);
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(TimeSpan.FromSeconds(6), _clock.GetElapsedTime(started));
    }

    [Fact]
    public void Timer_PausedBeforeItIsDue_FiresAfterTheRestOfItsTime()
    {
        var fired = 0;
        using var timer = _clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(10), Timeout.InfiniteTimeSpan);

        Pass(seconds: 4, paused: 1000);
        _time.Advance(TimeSpan.FromSeconds(5.9));
        Assert.Equal(0, fired);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal(1, fired);
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(1, fired);
    }

    [Fact]
    public void Timer_MadeWhilePaused_BeginsWithTheResume()
    {
        var fired = 0;
        _clock.Stop();
        using var timer = _clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        _time.Advance(TimeSpan.FromSeconds(100));
        Assert.Equal(0, fired);

        _clock.Go();
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(1, fired);
    }

    [Fact]
    public void Timer_WithAPeriod_KeepsItAcrossAPause()
    {
        var fired = 0;
        using var timer = _clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2));

        _time.Advance(TimeSpan.FromSeconds(3));
        Assert.Equal(2, fired);
        Pass(seconds: 1, paused: 100);
        Assert.Equal(2, fired);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(3, fired);
    }

    [Fact]
    public void Timer_Disposed_NeverFires()
    {
        var fired = 0;
        var timer = _clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        timer.Dispose();

        Pass(seconds: 10, paused: 10);

        Assert.Equal(0, fired);
    }

    private void Pass(int seconds, int paused)
    {
        _time.Advance(TimeSpan.FromSeconds(seconds));
        _clock.Stop();
        _time.Advance(TimeSpan.FromSeconds(paused));
        _clock.Go();
    }

    [Fact]
    public void Timer_ThatFiresAMomentEarly_FiresAgain()
    {
        var coarse = new CoarseTime();
        var clock = new SandboxClock(coarse);
        var fired = 0;
        using var timer = clock.CreateTimer(_ => fired++, null, TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);

        coarse.Ticks = TimeSpan.FromSeconds(1).Ticks - 1;
        coarse.Fire();
        Assert.Equal(0, fired);
        Assert.Equal(TimeSpan.FromMilliseconds(1), coarse.Due);

        coarse.Ticks += TimeSpan.FromMilliseconds(1).Ticks;
        coarse.Fire();
        Assert.Equal(1, fired);
    }

    /// <summary>Its one timer fires when the test says so, as those of .NET do a moment before their timestamps say.</summary>
    private sealed class CoarseTime : TimeProvider, ITimer
    {
        private TimerCallback? _callback;
        private object? _state;

        public long Ticks { get; set; }

        public TimeSpan Due { get; private set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Ticks;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_callback, _state, Due) = (callback, state, dueTime);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime;
            return true;
        }

        public void Fire() => _callback!(_state);

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
