using System.Collections.Concurrent;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// The sandboxes that <c>/sandbox/execute</c> keeps. Each lives for a while after its last cell; those of the E2B API are
/// not among them, and keep the end that their owner gave them.
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
        Extend(sandbox, timeout);
        return new Lease(this, use);
    }

    /// <summary>Kept and alive sandboxes of a tenant, and whether a cell runs in each.</summary>
    public IReadOnlyList<(LiveSandbox Sandbox, bool IsIdle)> Of(string tenant) =>
        [.. Live().Where(use => use.Sandbox.Owner.Tenant == tenant).Select(use => (use.Sandbox, use.IsIdle))];

    private IEnumerable<KeptUse> Live() => _kept.Values.Where(use => !use.Sandbox.Stopping.IsCancellationRequested);

    private void Extend(LiveSandbox sandbox, TimeSpan timeout)
    {
        var end = timeProvider.GetUtcNow() + timeout + options.Value.KeptLife;
        if (end > sandbox.EndAt && !sandbox.Stopping.IsCancellationRequested) registry.SetEnd(sandbox, end);
    }

    private void Leave(KeptUse use)
    {
        use.Leave();
        if (!use.IsIdle || use.Sandbox.Stopping.IsCancellationRequested) return;
        registry.SetEnd(use.Sandbox, timeProvider.GetUtcNow() + options.Value.KeptLife);
    }

    private sealed class KeptUse(LiveSandbox sandbox)
    {
        private int _running;

        public LiveSandbox Sandbox => sandbox;

        public bool IsIdle => Volatile.Read(ref _running) == 0;

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
