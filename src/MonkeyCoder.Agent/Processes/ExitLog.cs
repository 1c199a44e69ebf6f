using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Remembers for a while how processes ended, for a node that connects just too late. The caller locks.</summary>
internal sealed class ExitLog(TimeProvider clock)
{
    /// <summary>How long an exit is remembered.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromSeconds(30);

    private const int MaxEntries = 1024;

    private readonly Queue<Entry> _entries = new();

    public void Add(string? tag, ChildExit exit)
    {
        Forget();
        if (_entries.Count == MaxEntries) _entries.Dequeue();
        _entries.Enqueue(new Entry(tag, exit, clock.GetTimestamp()));
    }

    /// <summary>The newest exit of that pid, or of that tag where the pid is 0.</summary>
    public ChildExit? Find(int pid, string? tag)
    {
        Forget();
        ChildExit? found = null;
        foreach (var entry in _entries)
        {
            if (pid != 0 ? entry.Exit.Pid == pid : tag is not null && entry.Tag == tag) found = entry.Exit;
        }

        return found;
    }

    private void Forget()
    {
        while (_entries.TryPeek(out var oldest) && clock.GetElapsedTime(oldest.At) > Kept) _entries.Dequeue();
    }

    private readonly record struct Entry(string? Tag, ChildExit Exit, long At);
}
