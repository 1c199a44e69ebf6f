using Microsoft.Extensions.Logging;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Keeps sandboxes ready, of each kind as many as asked for, and replaces those that are taken or die.</summary>
/// <param name="kinds">What to keep ready.</param>
/// <param name="launch">Makes a sandbox and prepares it; waits until nobody else waits for a launch.</param>
/// <param name="time">Clock for the pause after a failure.</param>
/// <param name="logger">For failures.</param>
internal sealed class SandboxPool(
    IReadOnlyList<PoolOptions> kinds, Func<SandboxSpec, CancellationToken, Task<Sandbox>> launch, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly List<Sandbox> _ready = []; // under _lock
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<Task> _fillers = [];
    private readonly SemaphoreSlim[] _wanted = [.. kinds.Select(kind => new SemaphoreSlim(kind.Size))];
    private int _disposed;

    /// <summary>Sandboxes that wait.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _ready.Count;
        }
    }

    /// <summary>Starts filling.</summary>
    public void Start()
    {
        for (var i = 0; i < kinds.Count; i++)
        {
            var kind = kinds[i];
            var wanted = _wanted[i];
            if (kind.Size > 0) _fillers.Add(Task.Run(() => FillAsync(kind, wanted, _stopping.Token)));
        }
    }

    /// <summary>A ready sandbox of the kind, if there is one; it is the caller's then.</summary>
    public Sandbox? TryTake(string template, SandboxProfile profile)
    {
        Sandbox? taken;
        lock (_lock)
        {
            taken = _ready.Find(sandbox => sandbox.Spec.Template == template && sandbox.Spec.Profile == profile && !sandbox.Exited.IsCompleted);
            if (taken is not null) _ready.Remove(taken);
        }

        if (taken is not null) Want(taken);
        return taken;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(_fillers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Sandbox[] left;
        lock (_lock)
        {
            left = [.. _ready];
            _ready.Clear();
        }

        await Task.WhenAll(left.Select(sandbox => sandbox.DisposeAsync().AsTask())).ConfigureAwait(false);
        foreach (var wanted in _wanted) wanted.Dispose();
        _stopping.Dispose();
    }

    private async Task FillAsync(PoolOptions kind, SemaphoreSlim wanted, CancellationToken stopping)
    {
        var spec = new SandboxSpec { Template = kind.Template, Profile = kind.Profile };
        var pause = FirstPause;
        while (!stopping.IsCancellationRequested)
        {
            await wanted.WaitAsync(stopping).ConfigureAwait(false);
            try
            {
                var sandbox = await launch(spec, stopping).ConfigureAwait(false);
                lock (_lock) _ready.Add(sandbox);
                _ = ReplaceWhenDeadAsync(sandbox);
                pause = FirstPause;
            }
#pragma warning disable CA1031 // The loop goes on whatever happened to one sandbox: the host may recover, the template may come.
            catch (Exception e) when (!stopping.IsCancellationRequested)
#pragma warning restore CA1031
            {
                logger.PoolFillFailed(e, kind.Template, kind.Profile, pause.TotalSeconds);
                wanted.Release();
                await Task.Delay(pause, time, stopping).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }

    /// <summary>Ends quietly for a sandbox that has been taken meanwhile. Never throws.</summary>
    private async Task ReplaceWhenDeadAsync(Sandbox sandbox)
    {
        await ((Task)sandbox.Exited).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        bool mine;
        lock (_lock) mine = _ready.Remove(sandbox);
        if (!mine) return;
        await sandbox.DisposeAsync().ConfigureAwait(false);
        Want(sandbox);
    }

    private void Want(Sandbox gone)
    {
        for (var i = 0; i < kinds.Count; i++)
        {
            if (kinds[i].Template != gone.Spec.Template || kinds[i].Profile != gone.Spec.Profile) continue;
            try
            {
                _wanted[i].Release();
            }
            catch (ObjectDisposedException)
            {
                // The pool has been closed meanwhile.
            }

            return;
        }
    }
}
