namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>Why the last sandboxes ended, so that their owners, and nobody else, can be told.</summary>
internal sealed class EndedSandboxes
{
    private const int Most = 1000;

    private readonly Lock _lock = new();

    // Both guarded by _lock.
    private readonly Queue<string> _order = new();
    private readonly Dictionary<string, (string Tenant, SandboxEnd Why)> _ended = new(StringComparer.Ordinal);

    /// <summary>Remembers one, forgetting the oldest above 1000.</summary>
    public void Add(LiveSandbox sandbox, SandboxEnd why)
    {
        lock (_lock)
        {
            if (!_ended.TryAdd(sandbox.Id.Value, (sandbox.Owner.Tenant, why))) return;
            _order.Enqueue(sandbox.Id.Value);
            if (_order.Count > Most) _ended.Remove(_order.Dequeue());
        }
    }

    /// <summary>null where there was none, it is forgotten, or it was another tenant's: all look the same.</summary>
    public SandboxEnd? Find(string tenant, string id)
    {
        lock (_lock) return _ended.TryGetValue(id, out var ended) && ended.Tenant == tenant ? ended.Why : null;
    }
}
