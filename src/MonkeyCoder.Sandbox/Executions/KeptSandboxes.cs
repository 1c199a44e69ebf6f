using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// The sandboxes that <c>/sandbox/execute</c> keeps. Each lives for a while after its last cell; those of the E2B API are
/// not among them, and keep the end that their owner gave them. One to which its owner gives more time has that, too.
/// </summary>
internal sealed class KeptSandboxes(ISandboxRegistry registry, IOptions<ExecutionOptions> options, TimeProvider timeProvider)
{
    private readonly ConcurrentDictionary<SandboxId, KeptUse> _kept = [];

    /// <summary>Sandboxes kept and alive.</summary>
    public int Count => Live().Count();

    /// <summary>Keeps a sandbox from now on.</summary>
    public void Add(LiveSandbox sandbox)
    {
        foreach (var (id, use) in _kept)
            if (use.Sandbox.Stopping.IsCancellationRequested) _kept.TryRemove(id, out _);
        _kept[sandbox.Id] = new KeptUse(sandbox);
    }

    /// <summary>Holds a kept sandbox while a cell runs; does nothing for others. Disposing starts its remaining life.</summary>
    public IDisposable? Use(LiveSandbox sandbox, TimeSpan timeout)
    {
        if (!_kept.TryGetValue(sandbox.Id, out var use)) return null;
        use.Enter();
        Extend(use, timeout);
        return new Lease(this, use);
    }

    /// <summary>Kept and alive sandboxes of a tenant, and whether a cell runs in each.</summary>
    public IReadOnlyList<(LiveSandbox Sandbox, bool IsIdle)> Of(string tenant) =>
        [.. Live().Where(use => use.Sandbox.Owner.Tenant == tenant).Select(use => (use.Sandbox, use.IsIdle))];

    private IEnumerable<KeptUse> Live() => _kept.Values.Where(use => !use.Sandbox.Stopping.IsCancellationRequested);

    /// <summary>Lets it live as long as the cell may take; what others promised it is remembered.</summary>
    private void Extend(KeptUse use, TimeSpan timeout)
    {
        var sandbox = use.Sandbox;
        lock (use.Lock)
        {
            if (sandbox.EndAt != use.Given) use.Promised = sandbox.EndAt;
            SetEnd(use, timeProvider.GetUtcNow() + timeout + options.Value.KeptLife);
        }
    }

    private void Leave(KeptUse use)
    {
        use.Leave();
        if (!use.IsIdle) return;
        var end = timeProvider.GetUtcNow() + options.Value.KeptLife;
        lock (use.Lock)
        {
            // Only what was given to it for its cells is taken back.
            if (use.Sandbox.EndAt != use.Given) SetEnd(use, end);
            else if (!use.Sandbox.Stopping.IsCancellationRequested && registry.SetEnd(use.Sandbox, end > use.Promised ? end : use.Promised))
                use.Given = use.Sandbox.EndAt;
        }
    }

    /// <summary>Only extends. Caller holds the lock of the use.</summary>
    private void SetEnd(KeptUse use, DateTimeOffset end)
    {
        if (end > use.Sandbox.EndAt && !use.Sandbox.Stopping.IsCancellationRequested && registry.SetEnd(use.Sandbox, end))
            use.Given = use.Sandbox.EndAt;
    }

    private sealed class KeptUse(LiveSandbox sandbox)
    {
        private int _running;

        public LiveSandbox Sandbox => sandbox;

        public bool IsIdle => Volatile.Read(ref _running) == 0;

        public Lock Lock { get; } = new();

        /// <summary>Under the lock: the end that it got because of its cells; another one is somebody else's doing.</summary>
        public DateTimeOffset Given { get; set; } = sandbox.EndAt;

        /// <summary>Under the lock: the end that somebody else gave it last.</summary>
        public DateTimeOffset Promised { get; set; }

        public void Enter() => Interlocked.Increment(ref _running);

        public void Leave() => Interlocked.Decrement(ref _running);
    }

    private sealed class Lease(KeptSandboxes kept, KeptUse use) : IDisposable
    {
        private int _done;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _done, 1) == 0) kept.Leave(use);
        }
    }
}
