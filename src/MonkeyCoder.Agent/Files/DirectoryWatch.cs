using System.Runtime.InteropServices;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>An inotify(7) queue over one directory, or over a tree that it keeps following as directories come and go.</summary>
internal sealed class DirectoryWatch : IDisposable
{
    private const InotifyMask Mask = InotifyMask.Created | InotifyMask.MovedTo | InotifyMask.MovedFrom | InotifyMask.Deleted
        | InotifyMask.Modified | InotifyMask.Attributes | InotifyMask.SelfDeleted | InotifyMask.SelfMoved | InotifyMask.OnlyDirectory;

    private const int EventBytes = 16;

    private readonly string _root;
    private readonly bool _recursive;

    /// <summary>Directory of each watch, relative to the root; the root is empty.</summary>
    private readonly Dictionary<int, string> _directories = [];

    /// <summary>
    /// What a scan of a new directory has reported and the queue may still report again: things that were made after
    /// the watch was set and before the scan came to them.
    /// </summary>
    private readonly HashSet<string> _scanned = [];

    private readonly byte[] _buffer = new byte[16 * 1024];

    /// <exception cref="AgentFault">No watch can be had.</exception>
    public DirectoryWatch(string root, bool recursive)
    {
        _root = root;
        _recursive = recursive;
        Queue = Libc.Inotify();
        try
        {
            var watch = Libc.TryWatch(Queue, root, Mask);
            if (watch == -ErrnoName.ENOSPC)
                throw new AgentFault(AgentErrorCode.ResourceExhausted, "too many watches: fs.inotify.max_user_watches is reached");
            if (watch < 0) throw AgentFault.Of(-watch, $"cannot watch '{root}'");
            _directories[watch] = "";
            if (recursive) Follow("", created: null);
        }
        catch
        {
            Queue.Dispose();
            throw;
        }
    }

    /// <summary>Readable when something has changed.</summary>
    public FileDescriptor Queue { get; }

    /// <summary>Appends what has changed since the last call, up to one buffer full.</summary>
    public void Read(List<WatchEventInfo> events)
    {
        var count = Libc.TryRead(Queue, _buffer);
        if (count <= 0)
        {
            _scanned.Clear();
            return;
        }

        // struct inotify_event: watch 4, mask 4, cookie 4, length of the name 4, the name padded with NULs.
        for (var rest = _buffer.AsSpan(0, count); rest.Length >= EventBytes;)
        {
            var length = MemoryMarshal.Read<int>(rest[12..]);
            var name = rest.Slice(EventBytes, length);
            var end = name.IndexOf((byte)0);
            Take(MemoryMarshal.Read<int>(rest), (InotifyMask)MemoryMarshal.Read<uint>(rest[4..]),
                Encoding.UTF8.GetString(end < 0 ? name : name[..end]), events);
            rest = rest[(EventBytes + length)..];
        }

        if (_scanned.Count > 0 && !MoreIsWaiting()) _scanned.Clear();
    }

    public void Dispose() => Queue.Dispose();

    private void Take(int watch, InotifyMask mask, string name, List<WatchEventInfo> events)
    {
        if (!_directories.TryGetValue(watch, out var directory)) return;
        if (mask.HasFlag(InotifyMask.Ignored))
        {
            _directories.Remove(watch);
            return;
        }

        // What a directory below the root says of itself, its parent says too.
        if (name.Length == 0 && directory.Length > 0) return;

        var path = name.Length == 0 ? "." : Below(directory, name);
        if ((mask & (InotifyMask.MovedFrom | InotifyMask.Deleted)) != 0) _scanned.Remove(path);
        var created = (mask & (InotifyMask.Created | InotifyMask.MovedTo)) != 0;
        if (created && _scanned.Remove(path)) return;

        if (created) Add(events, path, WatchEventType.Create);
        if ((mask & (InotifyMask.SelfMoved | InotifyMask.MovedFrom)) != 0) Add(events, path, WatchEventType.Rename);
        if (mask.HasFlag(InotifyMask.Attributes)) Add(events, path, WatchEventType.Chmod);
        if (mask.HasFlag(InotifyMask.Modified)) Add(events, path, WatchEventType.Write);
        if ((mask & (InotifyMask.Deleted | InotifyMask.SelfDeleted)) != 0) Add(events, path, WatchEventType.Remove);

        if (!_recursive || !mask.HasFlag(InotifyMask.IsDirectory) || name.Length == 0) return;
        if (mask.HasFlag(InotifyMask.MovedFrom)) Forget(path);
        if (created && TryAdd(path)) Follow(path, mask.HasFlag(InotifyMask.Created) ? events : null);
    }

    /// <summary>Watches all directories below one that is watched already; reports what is in them where it is new.</summary>
    private void Follow(string directory, List<WatchEventInfo>? created)
    {
        var todo = new Stack<string>();
        todo.Push(directory);
        while (todo.TryPop(out var current))
        {
            var names = Libc.TryListNames(Full(current), out _) ?? [];
            names.Sort(StringComparer.Ordinal);
            foreach (var name in names)
            {
                var path = Below(current, name);
                if (created is not null && _scanned.Add(path)) Add(created, path, WatchEventType.Create);
                if (Libc.TryStatus(Full(path), followLink: false, out var status) == 0 && status.Kind == FileKind.Directory && TryAdd(path))
                    todo.Push(path);
            }
        }
    }

    private bool TryAdd(string path)
    {
        // At the kernel's limit of watches the rest of the tree goes unseen: better than ending the watch.
        var watch = Libc.TryWatch(Queue, Full(path), Mask);
        if (watch < 0) return false;
        _directories[watch] = path;
        return true;
    }

    private void Forget(string path)
    {
        foreach (var (watch, directory) in _directories)
        {
            if (directory != path && !directory.StartsWith(path + "/", StringComparison.Ordinal)) continue;
            _directories.Remove(watch);
            Libc.Unwatch(Queue, watch);
        }
    }

    private bool MoreIsWaiting()
    {
        Span<PollEntry> entries = [new(Queue.Number, Libc.POLLIN)];
        return Libc.Poll(entries, 0) > 0;
    }

    private string Full(string path) => path.Length == 0 ? _root : PathRules.Join(_root, path);

    private static string Below(string directory, string name) => directory.Length == 0 ? name : $"{directory}/{name}";

    private static void Add(List<WatchEventInfo> events, string path, WatchEventType type) => events.Add(new WatchEventInfo(path, type, null));
}
