namespace MonkeyCoder.Isolation.Store;

/// <summary>
/// The node's place for everything that sandboxes write: named pieces with a hard limit each. All members may be called
/// from any thread.
/// </summary>
public interface ISandboxStore : IAsyncDisposable
{
    /// <summary>What it is, for people: e.g. <c>btrfs in /var/lib/monkeycoder/store.btrfs, simple quotas</c>.</summary>
    string Description { get; }

    /// <summary>Directory that holds the pieces, one directory each.</summary>
    string RootPath { get; }

    /// <summary>Bytes that the store as a whole can still take.</summary>
    long AvailableBytes { get; }

    /// <summary>Creates an empty piece, a directory owned by root with mode 0755.</summary>
    /// <param name="name">1 to 200 of <c>[a-z0-9-]</c>, the first no dash.</param>
    /// <param name="limitBytes">Writes past it fail with EDQUOT or ENOSPC.</param>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">EEXIST, or the store is full (ENOSPC).</exception>
    ISubvolume Create(string name, long limitBytes);

    /// <summary>The piece of that name; null where there is none.</summary>
    ISubvolume? TryOpen(string name);

    /// <summary>Whether pieces can be given other names.</summary>
    bool CanRename => false;

    /// <summary>Gives a piece another name, with all it has.</summary>
    /// <param name="piece">One of this store; not to be used any more afterwards.</param>
    /// <param name="name">A name that is free.</param>
    /// <returns>The piece under its new name; null where the store cannot, and the piece stays as it is.</returns>
    ISubvolume? TryRename(ISubvolume piece, string name) => null;

    /// <summary>All pieces, those of a crashed predecessor included.</summary>
    IReadOnlyList<ISubvolume> List();

    /// <summary>
    /// Waits until the space of deleted pieces is free again. Needed by nobody but tests and a store that is nearly
    /// full: the space comes back by itself within a minute.
    /// </summary>
    Task ReclaimAsync(CancellationToken cancellationToken);
}

/// <summary>A piece of the store: a directory tree with a hard limit.</summary>
public interface ISubvolume
{
    /// <summary>Its name in the store.</summary>
    string Name { get; }

    /// <summary>Its directory.</summary>
    string Path { get; }

    /// <summary>Bytes it takes now, data and metadata, written and not yet written; 0 once it is gone.</summary>
    long UsedBytes { get; }

    /// <summary>Counts the files of every kind in it, which takes the longer the more there are; 0 once it is gone.</summary>
    long CountFiles();

    /// <summary>Changes the limit. Below what is used already, only further writes fail.</summary>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">It is gone (ENOENT).</exception>
    void SetLimit(long limitBytes);

    /// <summary>Removes it with all content, at once; does nothing where it is gone already.</summary>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">EBUSY, EIO, EROFS.</exception>
    void Delete();
}
