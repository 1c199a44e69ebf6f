using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Store;

/// <summary>
/// The store where the kernel has no btrfs: an ext4 image of its own for each piece, <c>STATE/images/NAME.ext4</c>, mounted at
/// <c>STATE/store/NAME</c>. Making one takes a tenth of a second, and the limit says ENOSPC instead of EDQUOT.
/// </summary>
/// <remarks>
/// All images have the same sparse size; a file of blocks that are reserved and never written, beside the piece's directory, leaves
/// it as much as its limit. So the limit goes up and down without a resize.
/// </remarks>
public sealed class ImageStore : ISandboxStore
{
    /// <summary>The largest limit of a piece.</summary>
    public const long MaxPieceBytes = 16L << 30;

    private const long ImageBytes = MaxPieceBytes + (1L << 30);

    // No journal: what is lost with a crash of the host was a sandbox's. Tables are cleared by nobody: the file is sparse.
    private static readonly string[] MakeArguments =
    [
        "-q", "-F", "-m", "0", "-O", "^has_journal,^resize_inode", "-E", "lazy_itable_init=1,nodiscard,root_owner=0:0",
    ];

    private ImageStore(string state)
    {
        RootPath = Path.Combine(state, "store");
        ImageDirectory = Path.Combine(state, "images");
        Description = $"an ext4 image for each piece in {ImageDirectory}";
    }

    public string Description { get; }

    public string RootPath { get; }

    public long AvailableBytes => new DriveInfo(ImageDirectory).AvailableFreeSpace;

    internal string ImageDirectory { get; }

    /// <summary>Makes the directories. Pieces of a predecessor are mounted when they are asked for.</summary>
    /// <exception cref="HostNotReadyException">The state directory cannot be written.</exception>
    public static Task<ImageStore> OpenAsync(StoreSettings settings, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(settings);
        cancellationToken.ThrowIfCancellationRequested();
        var store = new ImageStore(Path.GetFullPath(settings.StateDirectory));
        try
        {
            Directory.CreateDirectory(store.RootPath);
            File.SetUnixFileMode(store.RootPath, StoreMount.RootMode);
            Directory.CreateDirectory(store.ImageDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return Task.FromResult(store);
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
        var piece = new ImageSubvolume(this, name);
        if (piece.Exists) throw new Linux.SyscallException("mkdir", Linux.ErrnoName.EEXIST, piece.Path);
        try
        {
            StoreImage.Ensure(piece.Image, ImageBytes, "mkfs.ext4", MakeArguments);
            piece.Mount();
            piece.SetLimit(limitBytes);
            return piece;
        }
        catch
        {
            piece.Delete();
            throw;
        }
    }

    public ISubvolume? TryOpen(string name)
    {
        StoreName.Check(name);
        var piece = new ImageSubvolume(this, name);
        if (!piece.Exists) return null;
        piece.Mount();
        return piece;
    }

    public IReadOnlyList<ISubvolume> List() =>
    [
        .. Directory.EnumerateFiles(ImageDirectory, "*" + ImageSubvolume.ImageSuffix)
            .Select(file => Path.GetFileNameWithoutExtension(file))
            .Where(StoreName.IsValid)
            .Select(TryOpen)
            .OfType<ISubvolume>(),
    ];

    public Task ReclaimAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Unmounts every piece; the images stay.</summary>
    public ValueTask DisposeAsync()
    {
        foreach (var mountPoint in Directory.EnumerateDirectories(RootPath))
        {
            StoreMount.Unmount(mountPoint);
            Directory.Delete(mountPoint);
        }

        return ValueTask.CompletedTask;
    }
}
