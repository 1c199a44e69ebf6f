using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Store;

/// <summary>
/// The store on btrfs: one subvolume with a quota group for each piece. It is a sparse file on a loop device, mounted at
/// <c>STATE/store</c>; where the state directory is on btrfs already, the directory <c>STATE/store</c> on that.
/// </summary>
/// <remarks>
/// The mount outlives a killed service and is taken over by the next one, pieces and all. Data is written in place
/// without checksums (<c>nodatacow</c>): what sandboxes write is thrown away with them, and rewriting costs neither
/// space nor fragments. Freed blocks become holes in the file (<c>discard=async</c>).
/// </remarks>
public sealed class BtrfsStore : ISandboxStore
{
    private const string MountOptions = "nodatacow,discard=async";

    // The kernel frees what was deleted with its next commit, within half a minute; a store fuller than this waits less.
    private const double NearlyFull = 0.25;
    private const int DeletesBetweenSweeps = 256;

    private readonly FileDescriptor _root;
    private readonly string? _imageFile;
    private readonly QuotaSweep _sweep;
    private readonly Lock _reclaimLock = new();
    private Task _reclaim = Task.CompletedTask; // guarded by _reclaimLock
    private int _deletes;
    private int _disposed;

    private BtrfsStore(string rootPath, string? imageFile, FileDescriptor root, Guid id, bool simple)
    {
        RootPath = rootPath;
        _imageFile = imageFile;
        _root = root;
        _sweep = new QuotaSweep(root, rootPath);
        QuotaDirectory = $"/sys/fs/btrfs/{id:D}/qgroups";
        Description = $"btrfs in {imageFile ?? rootPath}, {(simple ? "simple" : "full")} quotas";
    }

    public string Description { get; }

    public string RootPath { get; }

    public long AvailableBytes => new DriveInfo(RootPath).AvailableFreeSpace;

    internal string QuotaDirectory { get; }

    internal FileDescriptor Root => _root;

    /// <summary>Makes the store if there is none, mounts it if it is not, and turns quotas on.</summary>
    /// <exception cref="HostNotReadyException">No btrfs, no loop devices, mkfs.btrfs missing, or no space.</exception>
    public static Task<BtrfsStore> OpenAsync(StoreSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return Task.Run(() => Open(settings), cancellationToken);
    }

    public ISubvolume Create(string name, long limitBytes)
    {
        StoreName.Check(name);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limitBytes);
        Libc.CreateSubvolume(_root, name);
        var created = new BtrfsSubvolume(this, name);
        try
        {
            created.SetLimit(limitBytes);
            return created;
        }
        catch
        {
            created.Delete();
            throw;
        }
    }

    public ISubvolume? TryOpen(string name)
    {
        StoreName.Check(name);
        var found = new BtrfsSubvolume(this, name);
        return found.Exists ? found : null;
    }

    public bool CanRename => true;

    public ISubvolume? TryRename(ISubvolume piece, string name)
    {
        ArgumentNullException.ThrowIfNull(piece);
        StoreName.Check(name);
        // rename(2) would replace an empty directory.
        return !Directory.Exists(Path.Combine(RootPath, name)) && Libc.TryRename(piece.Path, Path.Combine(RootPath, name)) == 0
            ? new BtrfsSubvolume(this, name)
            : null;
    }

    public IReadOnlyList<ISubvolume> List() =>
    [
        .. Directory.EnumerateDirectories(RootPath)
            .Select(path => Path.GetFileName(path))
            .Where(StoreName.IsValid)
            .Select(TryOpen)
            .OfType<ISubvolume>(),
    ];

    public Task ReclaimAsync(CancellationToken cancellationToken)
    {
        lock (_reclaimLock)
        {
            // Continued, not joined: what was deleted a moment ago may be too late for a run that is under way.
            _reclaim = _reclaim.ContinueWith(_ => Reclaim(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            return _reclaim.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Unmounts the store; where something still uses it, as soon as nothing does. The loop device goes with the mount.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        Task running;
        lock (_reclaimLock) running = _reclaim;
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _root.Dispose();
        if (_imageFile is null) return;
        StoreMount.Unmount(RootPath);
    }

    /// <summary>Called after a piece has gone.</summary>
    internal void AfterDelete()
    {
        var drive = new DriveInfo(RootPath);
        if (drive.AvailableFreeSpace < drive.TotalSize * NearlyFull)
        {
            lock (_reclaimLock)
            {
                if (_reclaim.IsCompleted) _reclaim = Task.Run(Reclaim);
            }
        }
        else if (Interlocked.Increment(ref _deletes) % DeletesBetweenSweeps == 0)
            _sweep.Run();
    }

    private void Reclaim()
    {
        Libc.SyncBtrfs(_root, RootPath);

        // ENOTTY: before Linux 6.13 there is nothing to wait with. ENOENT: nothing (more) to wait for.
        var errno = Libc.TryWaitForDeletedSubvolumes(_root);
        if (errno is not (0 or ErrnoName.ENOENT or ErrnoName.EINTR or ErrnoName.ENOTTY))
            throw new SyscallException("ioctl BTRFS_IOC_SUBVOL_SYNC_WAIT", errno, RootPath);
        _sweep.Run();
    }

    private static BtrfsStore Open(StoreSettings settings)
    {
        var state = Path.GetFullPath(settings.StateDirectory);
        var rootPath = Path.Combine(state, "store");
        try
        {
            Directory.CreateDirectory(rootPath);
            var image = IsBtrfs(state) ? null : Path.Combine(state, "store.btrfs");
            if (image is not null) MountImage(image, rootPath, settings.SizeBytes);
            File.SetUnixFileMode(rootPath, StoreMount.RootMode);
            return Open(rootPath, image);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new HostNotReadyException($"The btrfs store at {rootPath} cannot be used: {e.Message}", e);
        }
    }

    private static BtrfsStore Open(string rootPath, string? image)
    {
        var root = Libc.OpenForReading(rootPath);
        try
        {
            var id = Libc.TryGetBtrfsId(root) ?? throw new HostNotReadyException($"{rootPath} is not btrfs.");
            var simple = Libc.TryEnableBtrfsQuotas(root, simple: true) == 0;
            var errno = simple ? 0 : Libc.TryEnableBtrfsQuotas(root, simple: false);
            if (errno != 0) throw new SyscallException("ioctl BTRFS_IOC_QUOTA_CTL", errno, rootPath);
            var store = new BtrfsStore(rootPath, image, root, id, simple);
            store._sweep.Run();
            return store;
        }
        catch
        {
            root.Dispose();
            throw;
        }
    }

    private static void MountImage(string image, string rootPath, long? sizeBytes)
    {
        if (StoreMount.IsMounted(image, rootPath)) return;
        if (!File.Exists(image))
        {
            var size = StoreImage.ChooseSize(Path.GetDirectoryName(image)!, sizeBytes);
            StoreImage.Ensure(
                image, size, "mkfs.btrfs", ["--quiet", "--metadata", "single", "--data", "single", "--label", "monkeycoder"]);
        }

        StoreMount.Mount(image, rootPath, "btrfs", MountOptions);
    }

    private static bool IsBtrfs(string directory)
    {
        using var descriptor = Libc.OpenForReading(directory);
        return Libc.TryGetBtrfsId(descriptor) is not null;
    }
}
