using System.Collections.Concurrent;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Store;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>
/// The store where nothing can be mounted: plain directories, whose limits <see cref="Watchdog"/> enforces. The layer of a sandbox
/// is a whole root, and its volumes lie in it. Making a root takes thousands of links, so a root belongs to a uid slot and is used
/// again by the next sandbox there: whatever a sandbox can write to is removed with it, and made anew.
/// </summary>
internal sealed class DirectoryStore : ISandboxStore
{
    private readonly UidSlots _slots;
    private readonly ConcurrentDictionary<string, long> _limits = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _slotOfLive = new(StringComparer.Ordinal);

    private DirectoryStore(string root, UidSlots slots)
    {
        RootPath = root;
        _slots = slots;
    }

    public string Description => $"directories in {RootPath}, limits by watching";

    public string RootPath { get; }

    public long AvailableBytes => new DriveInfo(RootPath).AvailableFreeSpace;

    /// <summary>Makes the directory.</summary>
    /// <exception cref="HostNotReadyException">It cannot be written.</exception>
    public static DirectoryStore Open(EnginePaths paths, UidSlots slots)
    {
        var store = new DirectoryStore(RootsDirectory(paths), slots);
        try
        {
            SandboxRecord.MakePassable(store.RootPath);
            return store;
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new HostNotReadyException($"The store at {store.RootPath} cannot be used: {e.Message}", e);
        }
    }

    public ISubvolume Create(string name, long limitBytes)
    {
        StoreName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limitBytes);
        var owner = OwnerOf(name);
        if (SlotOf(owner) is not { } slot) throw new SandboxLaunchException($"No uid is claimed for {owner}.");
        _slotOfLive[owner] = slot;
        var piece = new DirectoryPiece(this, name, slot);
        DirectoryPiece.MakeDirectories(RootPath, piece.Path);
        _limits[name] = limitBytes;
        return piece;
    }

    public ISubvolume? TryOpen(string name)
    {
        StoreName.Check(name);
        if (SlotOf(OwnerOf(name)) is not { } slot) return null;
        var piece = new DirectoryPiece(this, name, slot);
        return Directory.Exists(piece.Path) ? piece : null;
    }

    public IReadOnlyList<ISubvolume> List() =>
        [.. _slots.Mine().Select(static claim => claim.Owner).Where(StoreName.IsValid).Select(TryOpen).OfType<ISubvolume>()];

    public Task ReclaimAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Whether a piece of the sandbox is over its limit now, or all together have more files than it may have.</summary>
    public bool IsOverLimit(SandboxId id, long mostFiles)
    {
        var sum = 0L;
        foreach (var name in SandboxVolumes.StoreNames(id))
        {
            if (!_limits.TryGetValue(name, out var limit) || TryOpen(name) is not DirectoryPiece piece) continue;
            var (bytes, files) = piece.Measure();
            if (bytes > limit || (sum += files) > mostFiles) return true;
        }

        return false;
    }

    internal void SetLimit(string name, long limitBytes) => _limits[name] = limitBytes;

    internal void Forget(string name)
    {
        _limits.TryRemove(name, out _);
        _slotOfLive.TryRemove(name, out _);
    }

    /// <summary>At twice its limit, counting ends.</summary>
    internal long MostCounted(string name) => _limits.TryGetValue(name, out var limit) ? limit * 2 : long.MaxValue;

    private static string RootsDirectory(EnginePaths paths) => Path.Combine(paths.StateDirectory, "roots");

    private static string OwnerOf(string name) => name.Split('-')[0];

    private int? SlotOf(string owner)
    {
        if (_slotOfLive.TryGetValue(owner, out var known)) return known;
        foreach (var (range, its) in _slots.Mine())
            if (its == owner) return range.Slot;
        return null;
    }
}
