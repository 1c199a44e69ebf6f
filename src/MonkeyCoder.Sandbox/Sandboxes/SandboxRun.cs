namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>One stretch of a sandbox's life in which it runs: from its creation, or from a resume, until it is paused or ends.</summary>
internal sealed class SandboxRun
{
    private readonly CancellationTokenSource _ended;

    /// <param name="stopping">Cancelled when the sandbox ends.</param>
    public SandboxRun(CancellationToken stopping)
    {
        _ended = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        Ended = _ended.Token;
    }

    /// <summary>Cancelled when the sandbox is paused, or ends: its clients' connections must be broken off then.</summary>
    public CancellationToken Ended { get; }

    /// <summary>The sandbox has been paused. Done when everybody who has registered with <see cref="Ended"/> knows.</summary>
    public async Task EndAsync()
    {
        await _ended.CancelAsync().ConfigureAwait(false);
        _ended.Dispose();
    }
}

/// <summary>When a sandbox runs and when it is paused.</summary>
internal sealed class SandboxRuns
{
    private readonly TimeProvider _time;
    private readonly CancellationToken _stopping;
    private readonly Lock _lock = new();

    // All guarded by _lock.
    private SandboxRun? _current;
    private TaskCompletionSource<SandboxRun> _next = NewNext();
    private DateTimeOffset _startedAt;
    private DateTimeOffset? _pausedAt;

    /// <summary>It runs.</summary>
    /// <param name="time">Clock of the node.</param>
    /// <param name="startedAt">Since when.</param>
    /// <param name="stopping">Cancelled when the sandbox ends.</param>
    public SandboxRuns(TimeProvider time, DateTimeOffset startedAt, CancellationToken stopping)
    {
        (_time, _startedAt, _stopping) = (time, startedAt, stopping);
        Clock = new SandboxClock(time);
        _current = new SandboxRun(stopping);
    }

    /// <summary>Stands still while it is paused.</summary>
    public SandboxClock Clock { get; }

    /// <summary>null while it is paused.</summary>
    public SandboxRun? Current
    {
        get
        {
            lock (_lock) return _current;
        }
    }

    /// <summary>When the last run began.</summary>
    public DateTimeOffset StartedAt
    {
        get
        {
            lock (_lock) return _startedAt;
        }
    }

    /// <summary>null while it runs.</summary>
    public DateTimeOffset? PausedAt
    {
        get
        {
            lock (_lock) return _pausedAt;
        }
    }

    /// <summary>The run of now, or the next one.</summary>
    public async Task<SandboxRun> RunningAsync(CancellationToken cancellationToken)
    {
        Task<SandboxRun> next;
        lock (_lock)
        {
            if (_current is not null) return _current;
            next = _next.Task;
        }

        return await next.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>It is paused from now on; answers the run that the caller is to end.</summary>
    public SandboxRun Pause()
    {
        lock (_lock)
        {
            var run = _current ?? throw new InvalidOperationException("The sandbox is paused already.");
            _current = null;
            _pausedAt = _time.GetUtcNow();
            Clock.Stop();
            return run;
        }
    }

    /// <summary>It runs again.</summary>
    public void Resume()
    {
        TaskCompletionSource<SandboxRun> next;
        SandboxRun run;
        lock (_lock)
        {
            _startedAt = _time.GetUtcNow();
            _pausedAt = null;
            Clock.Go();
            run = _current = new SandboxRun(_stopping);
            (next, _next) = (_next, NewNext());
        }

        next.SetResult(run);
    }

    private static TaskCompletionSource<SandboxRun> NewNext() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
