using System.Globalization;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>
/// Pauses sandboxes and resumes them; one change of a sandbox at a time. A paused sandbox keeps everything, its place on the node and
/// the memory that was promised to it among that, so that it can always be resumed.
/// </summary>
internal sealed class SandboxPauses(EndOfLifeClock clock, SandboxesOptions options, TimeProvider time, ILogger logger)
{
    private readonly PausePlaces _places = new(options.MaxPausedPerTenant);

    private readonly Lock _lock = new();
    private Task _reclaims = Task.CompletedTask; // under _lock

    /// <summary>
    /// 1. Takes a place. 2. Stops every process. 3. From then on it counts as paused, its time stands still, and its clients are cut
    /// off. 4. Gives it the time that it may be paused.
    /// </summary>
    public async Task<PauseOutcome> PauseAsync(HeldSandbox held, string why, CancellationToken cancellationToken)
    {
        await held.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (held.HasEnded) return PauseOutcome.Ended;
            return held.Sandbox.IsPaused ? PauseOutcome.WasPaused : await PauseInTurnAsync(held, why).ConfigureAwait(false);
        }
        finally
        {
            held.Turn.Release();
        }
    }

    /// <summary>
    /// The time of a running sandbox is over, which is to be paused then. False where the caller is to end it instead. Caller has the turn.
    /// </summary>
    public async Task<bool> TryPauseAtEndAsync(HeldSandbox held)
    {
        var outcome = await PauseInTurnAsync(held, "Paused at the end of its time").ConfigureAwait(false);
        if (outcome is not (PauseOutcome.TooMany or PauseOutcome.Busy)) return true;
        logger.NotPaused(held.Sandbox.Id.Value, outcome);
        return false;
    }

    /// <summary>Lets it go on for so long; one that runs already lives at least so long from now.</summary>
    public async Task<ResumeOutcome> ResumeAsync(HeldSandbox held, TimeSpan life, CancellationToken cancellationToken)
    {
        await held.Turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (held.HasEnded) return ResumeOutcome.Ended;
            return held.Sandbox.IsPaused ? ResumeInTurn(held, life) : Extend(held, life);
        }
        finally
        {
            held.Turn.Release();
        }
    }

    private async Task<PauseOutcome> PauseInTurnAsync(HeldSandbox held, string why)
    {
        var sandbox = held.Sandbox;

        // :: Step 1
        if (!held.TryTakePlace(_places)) return PauseOutcome.TooMany;

        // :: Step 2
        try
        {
            await sandbox.Engine.FreezeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is TimeoutException or SyscallException)
        {
            held.LeavePlace();
            if (held.HasEnded) return PauseOutcome.Ended;
            logger.PauseFailed(sandbox.Id.Value, e);
            return PauseOutcome.Busy;
        }

        // :: Step 3 and 4
        var now = time.GetUtcNow();
        var run = held.Pause(clock, now + options.MaxPausedLife);
        await run.EndAsync().ConfigureAwait(false);
        sandbox.Journal.Add(now, why);
        held.MemoryTimer = time.CreateTimer(
            _ => BeginReclaim(held), null, options.PausedMemoryKept, Timeout.InfiniteTimeSpan);
        // Where it has ended meanwhile, that may have been before there was anything to leave.
        if (held.HasEnded) held.LeavePlace();
        logger.Paused(sandbox.Id.Value, TryReadMemory(sandbox));
        return PauseOutcome.Paused;
    }

    private ResumeOutcome ResumeInTurn(HeldSandbox held, TimeSpan life)
    {
        var sandbox = held.Sandbox;
        try
        {
            sandbox.Engine.Thaw();
        }
        catch (SyscallException) when (held.HasEnded)
        {
            return ResumeOutcome.Ended;
        }

        var now = time.GetUtcNow();
        var paused = now - (sandbox.Runs.PausedAt ?? now);
        held.Resume(clock, now + life);
        held.LeavePlace();
        sandbox.Journal.Add(now, string.Create(CultureInfo.InvariantCulture, $"Resumed for {life.TotalSeconds:0} s"));
        logger.Resumed(sandbox.Id.Value, life, paused);
        return ResumeOutcome.Resumed;
    }

    private ResumeOutcome Extend(HeldSandbox held, TimeSpan life)
    {
        var end = time.GetUtcNow() + life;
        if (end <= held.Sandbox.EndAt || held.SetEnd(clock, end)) return ResumeOutcome.WasRunning;
        if (!held.Sandbox.PausesAtEnd) return ResumeOutcome.Ended;
        held.Revive(clock, end);
        return ResumeOutcome.WasRunning;
    }

    /// <summary>It takes a thread and the disk for a while: one after the other.</summary>
    private void BeginReclaim(HeldSandbox held)
    {
        lock (_lock) _reclaims = ReclaimAfterAsync(_reclaims, held);
    }

    /// <summary>In its turn: one that ran again would take memory as fast as it is reclaimed.</summary>
    private async Task ReclaimAfterAsync(Task others, HeldSandbox held)
    {
        await others.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        await held.Turn.WaitAsync().ConfigureAwait(false);
        try
        {
            Reclaim(held.Sandbox);
        }
        finally
        {
            held.Turn.Release();
        }
    }

    private void Reclaim(LiveSandbox sandbox)
    {
        if (!sandbox.IsPaused || sandbox.Stopping.IsCancellationRequested) return;
        try
        {
            var before = TryReadMemory(sandbox);
            sandbox.Engine.ReclaimMemory();
            var after = TryReadMemory(sandbox);
            logger.Reclaimed(sandbox.Id.Value, before - after, after);
        }
        catch (SyscallException e)
        {
            // It keeps what it has; one that is being removed has nothing any more.
            if (!sandbox.Stopping.IsCancellationRequested) logger.ReclaimFailed(sandbox.Id.Value, e);
        }
    }

    private static long TryReadMemory(LiveSandbox sandbox)
    {
        try
        {
            return sandbox.Engine.ReadUsage().MemoryBytes;
        }
        catch (Exception e) when (e is SyscallException or IOException)
        {
            return 0;
        }
    }
}
