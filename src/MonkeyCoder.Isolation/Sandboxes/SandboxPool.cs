using Microsoft.Extensions.Logging;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Keeps sandboxes ready, of each kind as many as demand asks for, and replaces those that are taken or die.</summary>
/// <remarks>
/// Filling yields: a launch for the pool waits while the machine is busy, and while somebody waits for a launch of his own. Above the size that a kind always
/// has, the pool grows only while the node has room, and gives up what it has too much of, one each look. What waits is prepared once
/// there is enough of it: who asks for many in a row gets them as they come.
/// </remarks>
internal sealed class SandboxPool : IAsyncDisposable
{
    // At a time for each kind; the launch gate bounds those of all kinds.
    private const int Launches = 2;

    // A busy machine is left alone for as long as this, looked at so often: short for it, long for a launch.
    private const int Yields = 50;
    private static readonly TimeSpan YieldInterval = TimeSpan.FromMilliseconds(5);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Func<SandboxSpec, Action, CancellationToken, Task<Sandbox>> _launch;
    private readonly Func<PoolOptions, Func<Sandbox?>, CancellationToken, Task>? _prepare;
    private readonly Func<int, bool> _hasRoom;
    private readonly Func<bool> _isBusy;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Kind[] _kinds;
    private readonly HashSet<Task> _running = []; // under _lock
    private readonly CancellationTokenSource _stopping = new();
    private ITimer? _look;
    private bool _disposed; // under _lock

    /// <param name="kinds">What to keep ready.</param>
    /// <param name="launch">Makes a sandbox; waits until nobody else waits for a launch, and then calls what it is given.</param>
    /// <param name="prepare">
    /// Done for each that waits, unless it is taken before; waits until nobody waits for a launch, and then asks for one. One that it throws for is
    /// thrown away. Null for nothing.
    /// </param>
    /// <param name="hasRoom">Whether the node can hold one more, given how many wait.</param>
    /// <param name="isBusy">Whether somebody else wants the processors now.</param>
    /// <param name="time">Clock.</param>
    /// <param name="logger">For failures.</param>
    public SandboxPool(
        IReadOnlyList<PoolOptions> kinds, Func<SandboxSpec, Action, CancellationToken, Task<Sandbox>> launch,
        Func<PoolOptions, Func<Sandbox?>, CancellationToken, Task>? prepare, Func<int, bool> hasRoom, Func<bool> isBusy, TimeProvider time, ILogger logger)
    {
        _kinds = [.. kinds.Where(static kind => kind.Size > 0).Select(kind => new Kind(kind, time))];
        _launch = launch;
        _prepare = prepare;
        _hasRoom = hasRoom;
        _isBusy = isBusy;
        _time = time;
        _logger = logger;
    }

    /// <summary>Sandboxes that wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _kinds.Sum(static kind => kind.Count);
        }
    }

    /// <summary>Starts filling.</summary>
    public void Start()
    {
        _look = _time.CreateTimer(_ => Look(), null, LookInterval, LookInterval);
        Look();
    }

    /// <summary>The kind, where it is kept ready.</summary>
    public PoolOptions? Find(string template, SandboxProfile profile) => FindKind(template, profile)?.Options;

    /// <summary>A ready sandbox of the kind, if there is one; it is the caller's then.</summary>
    public Sandbox? TryTake(string template, SandboxProfile profile)
    {
        Sandbox? taken;
        lock (_lock)
        {
            if (FindKind(template, profile) is not { } kind || _disposed) return null;
            taken = kind.Ready.Find(IsAlive) ?? kind.Fresh.Find(IsAlive);
            if (taken is not null) kind.Remove(taken);
            Fill(kind);
        }

        return taken;
    }

    /// <summary>
    /// The next of the kind that is launched, where one is under way that nobody waits for yet; it is the caller's then. Else, and where that
    /// launch fails, null.
    /// </summary>
    public async Task<Sandbox?> JoinAsync(string template, SandboxProfile profile, CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource<Sandbox?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            if (FindKind(template, profile) is not { } kind || kind.UnderWay <= kind.Waiting.Count) return null;
            kind.Waiting.Enqueue(turn);
        }

        await using (cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource<Sandbox?>)state!).TrySetCanceled(token), turn))
            return await turn.Task.ConfigureAwait(false);
    }

    /// <summary>Somebody asks for a sandbox of the kind, whether one waits or not.</summary>
    public void Want(string template, SandboxProfile profile)
    {
        lock (_lock) FindKind(template, profile)?.Demand.Add();
    }

    public async ValueTask DisposeAsync()
    {
        Task[] running;
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            running = [.. _running];
        }

        if (_look is not null) await _look.DisposeAsync().ConfigureAwait(false);
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Sandbox[] left;
        lock (_lock)
        {
            left = [.. _kinds.SelectMany(static kind => kind.Ready.Concat(kind.Fresh))];
            foreach (var kind in _kinds) kind.Clear();
        }

        await Task.WhenAll(left.Select(static sandbox => sandbox.DisposeAsync().AsTask())).ConfigureAwait(false);
        _stopping.Dispose();
    }

    private static bool IsAlive(Sandbox sandbox) => !sandbox.Exited.IsCompleted;

    private void Look()
    {
        lock (_lock)
        {
            if (_disposed) return;
            foreach (var kind in _kinds)
            {
                Fill(kind);
                if (kind.Count <= kind.Options.Size) continue;
                if (kind.Count > kind.Demand.Target || !_hasRoom(kind.Count - 1))
                {
                    var surplus = kind.Fresh.Count > 0 ? kind.Fresh[0] : kind.Ready[0];
                    kind.Remove(surplus);
                    Track(surplus.DisposeAsync().AsTask());
                }
            }
        }
    }

    /// <summary>Caller holds the lock.</summary>
    private void Fill(Kind kind)
    {
        while (!kind.Pausing && kind.AtWork < Launches && kind.Expected < kind.Demand.Target)
        {
            var expected = kind.Expected;
            if (expected >= kind.Options.Size && !_hasRoom(expected)) break;
            kind.AtWork++;
            Track(Task.Run(() => LaunchAsync(kind)));
        }

        // Only once nothing is left to be launched, and one at a time, so that there is a place where somebody takes one meanwhile.
        if (!kind.Pausing && !kind.Preparing && kind.AtWork < Launches && kind.Fresh.Count > 0)
        {
            kind.Preparing = true;
            kind.AtWork++;
            Track(Task.Run(() => PrepareAsync(kind)));
        }
    }

    /// <summary>Caller holds the lock.</summary>
    private void Track(Task task)
    {
        _running.Add(task);
        _ = task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

        void Forget(Task ended)
        {
            lock (_lock) _running.Remove(ended);
        }
    }

    private async Task LaunchAsync(Kind kind)
    {
        Sandbox? sandbox = null;
        Exception? failure = null;
        var isUnderWay = false;
        try
        {
            await YieldAsync().ConfigureAwait(false);
            var spec = new SandboxSpec { Template = kind.Options.Template, Profile = kind.Options.Profile, Limits = kind.Options.Limits };
            sandbox = await _launch(spec, Begin, _stopping.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Filling goes on whatever happened to one sandbox: the host may recover, the template may come.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        lock (_lock)
        {
            if (isUnderWay) kind.UnderWay--;
            if (sandbox is not null && !kind.TryHandOver(sandbox))
            {
                (_prepare is null ? kind.Ready : kind.Fresh).Add(sandbox);
                _ = ReplaceWhenDeadAsync(kind, sandbox);
            }

            if (sandbox is not null && _prepare is null) kind.Pause = FirstPause;
            kind.ReleaseWaiting();
        }

        await EndAsync(kind, failure).ConfigureAwait(false);

        void Begin()
        {
            lock (_lock)
            {
                isUnderWay = true;
                kind.UnderWay++;
            }
        }
    }

    private async Task PrepareAsync(Kind kind)
    {
        Sandbox? picked = null;
        Exception? failure = null;
        try
        {
            await YieldAsync().ConfigureAwait(false);
            await _prepare!(kind.Options, Pick, _stopping.Token).ConfigureAwait(false);
        }
#pragma warning disable CA1031 // As above.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
            if (picked is not null) await picked.DisposeAsync().ConfigureAwait(false);
        }

        lock (_lock)
        {
            kind.Preparing = kind.Picked = false;
            if (failure is null && picked is not null)
            {
                kind.Pause = FirstPause;
                // One that has died meanwhile has nobody else to remove it.
                if (IsAlive(picked)) kind.Ready.Add(picked);
                else Track(picked.DisposeAsync().AsTask());
            }
        }

        await EndAsync(kind, failure).ConfigureAwait(false);

        Sandbox? Pick()
        {
            lock (_lock)
            {
                if (kind.Fresh.Count == 0) return null;
                picked = kind.Fresh[0];
                kind.Fresh.RemoveAt(0);
                kind.Picked = true;
                return picked;
            }
        }
    }

    /// <summary>To be called at the end of each piece of work for a kind.</summary>
    private async Task EndAsync(Kind kind, Exception? failure)
    {
        if (failure is not null && !_stopping.IsCancellationRequested) await PauseAsync(kind, failure).ConfigureAwait(false);
        lock (_lock)
        {
            kind.AtWork--;
            if (!_disposed) Fill(kind);
        }
    }

    /// <summary>Leaves the processors to others for a while.</summary>
    private async Task YieldAsync()
    {
        for (var yields = 0; yields < Yields && _isBusy(); yields++) await Task.Delay(YieldInterval, _time, _stopping.Token).ConfigureAwait(false);
    }

    /// <summary>No launches of the kind until this ends.</summary>
    private async Task PauseAsync(Kind kind, Exception failure)
    {
        TimeSpan pause;
        lock (_lock)
        {
            if (kind.Pausing) return;
            kind.Pausing = true;
            pause = kind.Pause;
            kind.Pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        _logger.PoolFillFailed(failure, kind.Options.Template, kind.Options.Profile, pause.TotalSeconds);
        await Task.Delay(pause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock) kind.Pausing = false;
    }

    /// <summary>Ends quietly for a sandbox that has been taken meanwhile. Never throws.</summary>
    private async Task ReplaceWhenDeadAsync(Kind kind, Sandbox sandbox)
    {
        await ((Task)sandbox.Exited).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            if (!kind.Remove(sandbox)) return;
            Track(sandbox.DisposeAsync().AsTask());
            if (!_disposed) Fill(kind);
        }
    }

    private Kind? FindKind(string template, SandboxProfile profile) =>
        Array.Find(_kinds, kind => kind.Options.Template == template && kind.Options.Profile == profile);

    /// <summary>One kind and how it stands. All under the lock of the pool.</summary>
    private sealed class Kind(PoolOptions options, TimeProvider time)
    {
        public PoolOptions Options => options;

        public PoolDemand Demand { get; } = new(options.Size, Math.Max(options.Size, options.MaxSize), options.Memory, time);

        /// <summary>Prepared.</summary>
        public List<Sandbox> Ready { get; } = [];

        /// <summary>Not prepared yet.</summary>
        public List<Sandbox> Fresh { get; } = [];

        public int Count => Ready.Count + Fresh.Count;

        /// <summary>As many as there will be once what is being done is done.</summary>
        public int Expected => Count + AtWork - (Preparing && !Picked ? 1 : 0);

        /// <summary>Being launched or prepared, or about to be.</summary>
        public int AtWork { get; set; }

        /// <summary>Whether one is being prepared, or about to be.</summary>
        public bool Preparing { get; set; }

        /// <summary>Whether the one that is being prepared has been taken out.</summary>
        public bool Picked { get; set; }

        /// <summary>Launches that wait for nothing any more.</summary>
        public int UnderWay { get; set; }

        /// <summary>Who gets the next of them.</summary>
        public Queue<TaskCompletionSource<Sandbox?>> Waiting { get; } = [];

        public bool Pausing { get; set; }

        public TimeSpan Pause { get; set; } = FirstPause;

        public bool Remove(Sandbox sandbox) => Ready.Remove(sandbox) || Fresh.Remove(sandbox);

        /// <summary>False where nobody waits for it.</summary>
        public bool TryHandOver(Sandbox sandbox)
        {
            while (Waiting.TryDequeue(out var turn))
                if (turn.TrySetResult(sandbox)) return true;
            return false;
        }

        /// <summary>Sends away those for whom no launch is left.</summary>
        public void ReleaseWaiting()
        {
            while (Waiting.Count > UnderWay) Waiting.Dequeue().TrySetResult(null);
        }

        public void Clear()
        {
            Ready.Clear();
            Fresh.Clear();
        }
    }
}
