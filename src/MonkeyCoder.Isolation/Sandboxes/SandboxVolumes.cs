using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// What a sandbox can write to, as pieces of the store: its own layer, named as the sandbox, and its volumes.
/// </summary>
internal sealed class SandboxVolumes
{
    private const long MiB = 1024 * 1024;

    // Less than an empty directory takes.
    private const long NothingBytes = 1;

    private static readonly (string Name, long LimitBytes)[] Volumes =
        [("workspace", 1024 * MiB), ("temp", 512 * MiB), ("logs", 256 * MiB)];

    private readonly ISubvolume _layer;
    private readonly ISubvolume[] _volumes;
    private readonly Lock _lock = new();
    private long _diskBytes; // under _lock
    private bool _held; // under _lock
    private bool _closed; // under _lock

    private SandboxVolumes(ISubvolume layer, ISubvolume[] volumes, long diskBytes)
    {
        _layer = layer;
        _volumes = volumes;
        _diskBytes = diskBytes;
    }

    /// <summary>Upper directory of the overlay.</summary>
    public string Upper => Path.Combine(_layer.Path, "upper");

    /// <summary>Work directory of the overlay.</summary>
    public string Work => Path.Combine(_layer.Path, "work");

    /// <summary>Upper directory of a home that is mounted by itself.</summary>
    public string HomeUpper => Path.Combine(_layer.Path, "home");

    /// <summary>Work directory of that.</summary>
    public string HomeWork => Path.Combine(_layer.Path, "home-work");

    /// <summary>File with the boot id of the sandbox; here, because a mount shows inside where its file lies.</summary>
    public string BootIdFile => Path.Combine(_layer.Path, "boot_id");

    /// <summary>Directories of the volumes, by their place inside.</summary>
    public IReadOnlyList<(string Source, string Destination)> Binds =>
        [.. _volumes.Zip(Volumes, (piece, volume) => (piece.Path, $"/sandbox/volumes/{volume.Name}"))];

    private IEnumerable<ISubvolume> All => _volumes.Prepend(_layer);

    /// <summary>Names of all pieces that a sandbox can have in the store.</summary>
    public static IEnumerable<string> StoreNames(SandboxId id) =>
        Volumes.Select(volume => $"{id}-{volume.Name}").Append(id.Value);

    /// <summary>The sandbox a piece of the store belongs to; null where it is something else's.</summary>
    public static SandboxId? OwnerOf(string storeName) =>
        SandboxId.TryParse(storeName.Split('-')[0], out var id) && StoreNames(id).Contains(storeName) ? id : null;

    /// <summary>Creates all pieces, with their owners, of what is spare.</summary>
    /// <exception cref="SyscallException">The store is full.</exception>
    public static SandboxVolumes Create(SparePieces spares, SandboxId id, (uint Root, uint User) owners, long diskBytes)
    {
        var layer = spares.GiveLayer(id.Value, diskBytes);
        // The layer's top directory is the root directory inside, so it is root's and everybody can pass.
        MakeOwned(Path.Combine(layer.Path, "upper"), owners.Root);
        MakeOwned(Path.Combine(layer.Path, "home"), owners.User);
        foreach (var work in new[] { "work", "home-work" })
            Directory.CreateDirectory(Path.Combine(layer.Path, work), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var volumes = new ISubvolume[Volumes.Length];
        for (var i = 0; i < volumes.Length; i++)
            volumes[i] = spares.GiveVolume($"{id}-{Volumes[i].Name}", Volumes[i].Name, Volumes[i].LimitBytes, owners.User);

        return new SandboxVolumes(layer, volumes, diskBytes);
    }

    /// <summary>Whether nothing can be added at present.</summary>
    public bool IsHeld
    {
        get
        {
            lock (_lock) return _held;
        }
    }

    /// <summary>Counts the files in all of them.</summary>
    public long CountFiles() => All.Sum(static piece => piece.CountFiles());

    /// <summary>The sum of the pieces' marks (<see cref="IFileMark"/>).</summary>
    /// <param name="marks">The marks of the pieces as they were last; empty at first.</param>
    /// <param name="step">By less than this, for each piece, they may be behind.</param>
    public long ReadFileMarks(Dictionary<string, long> marks, long step)
    {
        foreach (var piece in All)
            if (piece is IFileMark mark) marks[piece.Name] = mark.ReadFileMark(marks.GetValueOrDefault(piece.Name), step);
        return marks.Values.Sum();
    }

    /// <summary>Changes the limit of the writable layer.</summary>
    public void SetLimit(long diskBytes)
    {
        lock (_lock)
        {
            if (_closed) return;
            _diskBytes = diskBytes;
            if (!_held) _layer.SetLimit(diskBytes);
        }
    }

    /// <summary>Changes no limits from now on: the pieces may soon be another's.</summary>
    public void Close()
    {
        lock (_lock) _closed = true;
    }

    /// <summary>
    /// Nothing can be added while they are held: every write that needs room is refused, new files among them. Deleting is not.
    /// </summary>
    public void Hold(bool held)
    {
        lock (_lock)
        {
            if (_closed) return;
            _held = held;
            _layer.SetLimit(held ? NothingBytes : _diskBytes);
            foreach (var (piece, volume) in _volumes.Zip(Volumes)) piece.SetLimit(held ? NothingBytes : volume.LimitBytes);
        }
    }

    /// <summary>
    /// Bytes in all of them, and what is full: <c>files</c> where there are too many, <c>disk</c> for the writable layer, <c>volume_</c> and its
    /// name for a volume. A quota refuses the write that would pass it, so what is full stays a little below its limit.
    /// </summary>
    public (long UsedBytes, IReadOnlyList<string> Full) Measure(SandboxLimits limits)
    {
        const double FullShare = 0.97;
        var full = new List<string>();
        // Without marks there is nobody who holds them.
        if (IsHeld || (_layer is not IFileMark && CountFiles() > limits.Files)) full.Add(SandboxUsage.TooManyFiles);
        var sum = _layer.UsedBytes;
        if (sum >= limits.DiskBytes * FullShare) full.Add("disk");
        foreach (var (piece, volume) in _volumes.Zip(Volumes))
        {
            var used = piece.UsedBytes;
            if (used >= volume.LimitBytes * FullShare) full.Add("volume_" + volume.Name);
            sum += used;
        }

        return (sum, full);
    }

    private static void MakeOwned(string directory, uint owner)
    {
        Directory.CreateDirectory(directory);
        Libc.ChangeOwner(directory, owner, owner);
    }
}
