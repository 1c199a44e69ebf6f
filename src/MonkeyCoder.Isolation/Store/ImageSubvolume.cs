using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Store;

/// <summary>A piece of the <see cref="ImageStore"/>: the directory <c>data</c> of a file system of its own.</summary>
internal sealed class ImageSubvolume : ISubvolume, IFileMark
{
    public const string ImageSuffix = ".ext4";

    private const string MountOptions = "discard";

    // Blocks that say where the ballast lies.
    private const long BallastMapBytes = 64 * 1024;

    // Ten that ext4 keeps for itself, lost+found, and the ballast.
    private const int OwnFiles = 12;

    private readonly string _mountPoint;
    private readonly string _ballast;
    private readonly Lock _gate = new();

    public ImageSubvolume(ImageStore store, string name)
    {
        Name = name;
        Image = System.IO.Path.Combine(store.ImageDirectory, name + ImageSuffix);
        _mountPoint = System.IO.Path.Combine(store.RootPath, name);
        _ballast = System.IO.Path.Combine(_mountPoint, "ballast");
        Path = System.IO.Path.Combine(_mountPoint, "data");
    }

    public string Name { get; }

    public string Path { get; }

    /// <summary>The file it is in.</summary>
    public string Image { get; }

    public bool Exists => File.Exists(Image);

    public long UsedBytes
    {
        get
        {
            if (!Directory.Exists(Path)) return 0;
            var drive = new DriveInfo(_mountPoint);
            var ballast = new FileInfo(_ballast);
            return Math.Max(0, drive.TotalSize - drive.TotalFreeSpace - (ballast.Exists ? ballast.Length : 0));
        }
    }

    /// <summary>Mounts it unless it is mounted.</summary>
    /// <exception cref="SyscallException">No loop device, or the image is damaged.</exception>
    public void Mount()
    {
        Directory.CreateDirectory(_mountPoint);
        if (!StoreMount.IsMounted(Image, _mountPoint)) StoreMount.Mount(Image, _mountPoint, "ext4", MountOptions);
        Directory.CreateDirectory(Path);
    }

    public long CountFiles() => Directory.Exists(Path) ? Math.Max(0, Libc.FilesOnFileSystem(_mountPoint) - OwnFiles) : 0;

    /// <summary>Its file system knows how many there are.</summary>
    public long ReadFileMark(long before, long step) => CountFiles();

    public void SetLimit(long limitBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limitBytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(limitBytes, ImageStore.MaxPieceBytes);
        if (!Directory.Exists(Path)) throw new SyscallException("open", ErrnoName.ENOENT, Path);
        lock (_gate)
        {
            // What is reserved is all that is free now beyond the limit. A writer at work may take some of it before.
            File.Delete(_ballast);
            var reserved = new DriveInfo(_mountPoint).AvailableFreeSpace - Math.Max(BallastMapBytes, limitBytes - UsedBytes);
            if (reserved > 0) Reserve(reserved);
        }
    }

    public void Delete()
    {
        if (Directory.Exists(_mountPoint))
        {
            StoreMount.Unmount(_mountPoint);
            Directory.Delete(_mountPoint);
        }

        File.Delete(Image);
    }

    private void Reserve(long bytes)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            PreallocationSize = bytes,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        using var stream = new FileStream(_ballast, options);
        stream.SetLength(bytes);
    }
}
