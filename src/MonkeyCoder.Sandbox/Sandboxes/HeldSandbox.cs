using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Admission;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>A listed sandbox with what ends it, pauses it and resumes it.</summary>
internal sealed class HeldSandbox
{
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private EndOfLifeClock.Entry _entry; // under _lock
    private IDisposable? _place; // set by who has the turn
    private int _ended;

    public HeldSandbox(
        ISandbox engine, AdmissionTicket ticket, SandboxOwner owner, SandboxSettings settings, SandboxAccessTokens tokens,
        TimeProvider time)
    {
        _time = time;
        Ticket = ticket;
        var now = time.GetUtcNow();
        Sandbox = new LiveSandbox(engine, owner, settings, tokens, new SandboxRuns(time, now, Stopping.Token), Stopping.Token)
        {
            End = new EndOfLife(time, now + settings.Timeout),
        };
        _entry = new EndOfLifeClock.Entry(Sandbox);
    }

    public LiveSandbox Sandbox { get; }

    /// <summary>Given back when nothing of the sandbox is left.</summary>
    public AdmissionTicket Ticket { get; }

    /// <summary>Never disposed: requests may still register with it, and it holds no timer.</summary>
    public CancellationTokenSource Stopping { get; } = new();

    /// <summary>Who has it may pause and resume. Never disposed: nobody waits for it in the kernel.</summary>
    public SemaphoreSlim Turn { get; } = new(1, 1);

    /// <summary>While it is paused: fires when its memory is to be reclaimed. Set by who has the turn.</summary>
    public ITimer? MemoryTimer { get; set; }

    public bool HasEnded => Volatile.Read(ref _ended) != 0;

    /// <summary>True for the one caller who is to end it.</summary>
    public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;

    /// <summary>Whether the entry stands for its end as it is now.</summary>
    public bool IsCurrent(EndOfLifeClock.Entry entry)
    {
        lock (_lock) return _entry == entry;
    }

    /// <summary>Moves the end of its run. False where that has come, or it is paused.</summary>
    public bool SetEnd(EndOfLifeClock clock, DateTimeOffset end)
    {
        lock (_lock)
        {
            if (Sandbox.IsPaused) return false;
            Sandbox.End = new EndOfLife(_time, end);
            return clock.TrySchedule(_entry);
        }
    }

    /// <summary>As <see cref="SetEnd"/>, also where the end has come and nothing has been done about it. Caller has the turn.</summary>
    public void Revive(EndOfLifeClock clock, DateTimeOffset end)
    {
        lock (_lock) Renew(clock, end);
    }

    /// <summary>It is paused, and is killed at that time; answers the run that the caller is to end. Caller has the turn.</summary>
    public SandboxRun Pause(EndOfLifeClock clock, DateTimeOffset end)
    {
        lock (_lock)
        {
            var run = Sandbox.Runs.Pause();
            Renew(clock, end);
            return run;
        }
    }

    /// <summary>It runs again, until that time. Caller has the turn.</summary>
    public void Resume(EndOfLifeClock clock, DateTimeOffset end)
    {
        lock (_lock)
        {
            Sandbox.Runs.Resume();
            Renew(clock, end);
        }
    }

    /// <summary>Stops counting.</summary>
    public void Unschedule(EndOfLifeClock clock)
    {
        lock (_lock) clock.Remove(_entry);
    }

    /// <summary>Takes a place among the paused ones. False where its tenant has all of its own. Caller has the turn.</summary>
    public bool TryTakePlace(PausePlaces places)
    {
        _place = places.TryTake(Sandbox.Owner.Tenant);
        return _place is not null;
    }

    /// <summary>It is not paused any more: gives back what it had for that.</summary>
    public void LeavePlace()
    {
        MemoryTimer?.Dispose();
        _place?.Dispose();
    }

    /// <summary>Caller holds the lock.</summary>
    private void Renew(EndOfLifeClock clock, DateTimeOffset end)
    {
        clock.Remove(_entry);
        _entry = new EndOfLifeClock.Entry(Sandbox);
        Sandbox.End = new EndOfLife(_time, end);
        // The end of an ended sandbox is not waited for.
        if (!HasEnded) clock.TrySchedule(_entry);
    }
}
