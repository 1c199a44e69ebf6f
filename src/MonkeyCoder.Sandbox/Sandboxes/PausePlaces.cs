namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>Counts the paused sandboxes of each tenant.</summary>
/// <param name="most">So many of one tenant.</param>
internal sealed class PausePlaces(int most)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal); // under _lock

    /// <summary>A place, which is free again when it is disposed; null where the tenant has all of its own.</summary>
    public IDisposable? TryTake(string tenant)
    {
        lock (_lock)
        {
            var taken = _taken.GetValueOrDefault(tenant);
            if (taken >= most) return null;
            _taken[tenant] = taken + 1;
        }

        return new Place(this, tenant);
    }

    private void Free(string tenant)
    {
        lock (_lock)
        {
            if (--_taken[tenant] == 0) _taken.Remove(tenant);
        }
    }

    private sealed class Place(PausePlaces places, string tenant) : IDisposable
    {
        private int _freed;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _freed, 1) == 0) places.Free(tenant);
        }
    }
}
