namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>One thing that happened to a sandbox.</summary>
internal sealed record SandboxJournalEntry(DateTimeOffset Timestamp, string Message);

/// <summary>The last events in the life of one sandbox: created, end moved. Never anything from inside it.</summary>
internal sealed class SandboxJournal
{
    private const int MaxEntries = 200;

    private readonly Lock _lock = new();

    // Guarded by _lock.
    private readonly Queue<SandboxJournalEntry> _entries = new();

    /// <summary>Adds one, forgetting the oldest above 200.</summary>
    public void Add(DateTimeOffset timestamp, string message)
    {
        lock (_lock)
        {
            if (_entries.Count == MaxEntries) _entries.Dequeue();
            _entries.Enqueue(new SandboxJournalEntry(timestamp, message));
        }
    }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<SandboxJournalEntry> Read()
    {
        lock (_lock) return [.. _entries];
    }
}
