namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>Whether somebody uses a sandbox. It has no clock: who watches it sees whether anything has changed.</summary>
internal sealed class SandboxActivity
{
    private int _uses;
    private long _changes;

    /// <summary>A request or a stream is open now.</summary>
    public bool IsInUse => Volatile.Read(ref _uses) > 0;

    /// <summary>Grows with each use that begins or ends.</summary>
    public long Changes => Interlocked.Read(ref _changes);

    /// <summary>Something was asked about it.</summary>
    public void Touch() => Interlocked.Increment(ref _changes);

    /// <summary>In use until the answer is disposed.</summary>
    public IDisposable Enter()
    {
        Interlocked.Increment(ref _uses);
        Touch();
        return new Use(this);
    }

    private sealed class Use(SandboxActivity activity) : IDisposable
    {
        private int _done;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _done, 1) != 0) return;
            activity.Touch();
            Interlocked.Decrement(ref activity._uses);
        }
    }
}
