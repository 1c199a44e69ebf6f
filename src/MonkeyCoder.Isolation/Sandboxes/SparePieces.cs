using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// Pieces of the store that are kept for other sandboxes when one ends: volumes that it has never touched, and its layer with
/// everything in it removed, where that is not much.
/// </summary>
/// <remarks>
/// <para>Deleting a subvolume takes btrfs 10 ms of CPU, since with quotas on it commits for each of them; most sandboxes write little.</para>
/// <para>A volume is untouched whose directory is empty and has the change time of the moment in which it was given out: to add, remove,
/// chmod or tag anything changes that time, and nobody can set it.</para>
/// <para>A layer is its directories <c>upper</c> and so on, which alone can be reached from inside; they go and are made anew.</para>
/// <para>Pieces of a predecessor are never kept.</para>
/// </remarks>
/// <param name="store">Where they are.</param>
internal sealed class SparePieces(ISandboxStore store) : IDisposable
{
    // Of each kind. As many as the pool keeps sandboxes, and some.
    private const int Most = 128;

    // Above this it is cheaper to let btrfs do it.
    private const int MostFiles = 128;

    // The store goes on counting what was deleted until its next commit, and the next sandbox shall not seem to have written it.
    private const long MostBytes = 1024 * 1024;

    // Numbers of files are not given twice, and a new sandbox shall not seem to have made those of all before it.
    private const long HighestFile = 8192;

    private const string Prefix = "spare-";
    private const string LayerKind = "layer";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Kind, long ChangeTime)> _given = new(StringComparer.Ordinal); // under _lock; by name in the store
    private readonly Dictionary<string, Stack<ISubvolume>> _spare = new(StringComparer.Ordinal); // under _lock; by kind
    private long _number; // under _lock
    private bool _disposed; // under _lock

    /// <summary>Whether a piece of the store is one that is kept, or was by a predecessor.</summary>
    public static bool IsSpare(string storeName) => storeName.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>An empty piece for the layer of a sandbox, owned by root.</summary>
    /// <param name="name">What it is called from now on.</param>
    /// <param name="limitBytes">Its limit.</param>
    /// <exception cref="SyscallException">The store is full.</exception>
    public ISubvolume GiveLayer(string name, long limitBytes)
    {
        var layer = Take(name, LayerKind, limitBytes);
        if (!store.CanRename) return layer;
        lock (_lock) _given[name] = (LayerKind, 0);
        return layer;
    }

    /// <summary>An empty piece for a volume.</summary>
    /// <param name="name">What it is called from now on.</param>
    /// <param name="kind">Volumes are kept for others of the same kind: lower-case letters.</param>
    /// <param name="limitBytes">Its limit.</param>
    /// <param name="owner">Owner and group of its directory.</param>
    /// <exception cref="SyscallException">The store is full.</exception>
    public ISubvolume GiveVolume(string name, string kind, long limitBytes, uint owner)
    {
        var volume = Take(name, kind, limitBytes);
        Libc.ChangeOwner(volume.Path, owner, owner);
        if (!store.CanRename) return volume;
        // When somebody else has read or made it is nobody's business.
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        Directory.SetLastAccessTimeUtc(volume.Path, now);
        Directory.SetLastWriteTimeUtc(volume.Path, now);
        if (Libc.TryStatus(volume.Path, followLink: false, out var status) == 0)
        {
            lock (_lock) _given[name] = (kind, status.ChangedUnixNanoseconds);
        }

        return volume;
    }

    /// <summary>To be called at the end of a sandbox for each of its pieces: false where it has to be deleted.</summary>
    /// <param name="name">The piece.</param>
    /// <param name="isFree">Nobody uses it any more, and nothing is mounted from it.</param>
    public bool TryKeep(string name, bool isFree)
    {
        (string Kind, long ChangeTime) given;
        lock (_lock)
        {
            if (!_given.Remove(name, out given) || !isFree || _disposed || Of(given.Kind).Count >= Most) return false;
        }

        try
        {
            if (store.TryOpen(name) is not { } piece || piece.UsedBytes > MostBytes) return false;
            if (HasMarks(piece) || (given.Kind == LayerKind ? !TryEmpty(piece) : !IsUntouched(piece, given.ChangeTime))) return false;
            lock (_lock)
            {
                if (_disposed || store.TryRename(piece, $"{Prefix}{given.Kind}-{++_number}") is not { } spare) return false;
                Of(given.Kind).Push(spare);
                return true;
            }
        }
        catch (Exception e) when (e is SyscallException or IOException)
        {
            return false;
        }
    }

    /// <summary>Deletes them.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            foreach (var spare in _spare.Values.SelectMany(static kind => kind)) TryDelete(spare);
            _spare.Clear();
        }
    }

    /// <summary>Marks that an owner can put on a subvolume beside its files. Once it is kept nobody can.</summary>
    private static bool HasMarks(ISubvolume piece)
    {
        using var directory = Libc.OpenForReading(piece.Path);
        return Libc.HasSubvolumeMarks(directory, piece.Path);
    }

    private static bool IsUntouched(ISubvolume volume, long changeTime) =>
        Libc.TryStatus(volume.Path, followLink: false, out var status) == 0
        && status.ChangedUnixNanoseconds == changeTime
        && Libc.TryListNames(volume.Path, out _) is { Count: 0 };

    private static bool TryEmpty(ISubvolume layer)
    {
        if (layer is not IFileMark mark || mark.ReadFileMark(0, MostFiles) > HighestFile) return false;
        var budget = MostFiles;
        return TryEmpty(layer.Path, ref budget);
    }

    /// <summary>Nothing runs that could change the tree meanwhile, so paths will do. False where it is too large, too deep or oddly named.</summary>
    private static bool TryEmpty(string directory, ref int budget)
    {
        if (Libc.TryListNames(directory, out _) is not { } names) return false;
        foreach (var name in names)
        {
            if (--budget < 0) return false;
            var path = Path.Combine(directory, name);
            // Of anything but a directory, a link for example, this removes the thing itself.
            var errno = Libc.TryUnlink(path);
            if (errno == 0) continue;
            if (errno != ErrnoName.EISDIR || !TryEmpty(path, ref budget) || Libc.TryRemoveDirectory(path) != 0) return false;
        }

        return true;
    }

    private ISubvolume Take(string name, string kind, long limitBytes)
    {
        ISubvolume? spare;
        lock (_lock) _ = Of(kind).TryPop(out spare);
        if (spare is null) return store.Create(name, limitBytes);
        try
        {
            if (store.TryRename(spare, name) is { } piece)
            {
                piece.SetLimit(limitBytes);
                return piece;
            }
        }
        catch (SyscallException) when (store.TryOpen(name) is null)
        {
            // It still has its old name, or none.
        }

        TryDelete(spare);
        return store.Create(name, limitBytes);
    }

    /// <summary>What is left is found at the next start.</summary>
    private static void TryDelete(ISubvolume spare)
    {
        try
        {
            spare.Delete();
        }
        catch (SyscallException)
        {
            // Whoever wants a piece gets another.
        }
    }

    /// <summary>Caller holds the lock.</summary>
    private Stack<ISubvolume> Of(string kind)
    {
        if (!_spare.TryGetValue(kind, out var spares)) _spare[kind] = spares = new Stack<ISubvolume>();
        return spares;
    }
}
