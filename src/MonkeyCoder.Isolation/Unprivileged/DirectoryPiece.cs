using System.Globalization;
using System.IO.Enumeration;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Unprivileged;

/// <summary>A piece of the <see cref="DirectoryStore"/>. <c>ID-NAME</c> is the volume NAME within the layer ID.</summary>
internal sealed class DirectoryPiece : ISubvolume
{
    /// <summary>Where in a layer its root is.</summary>
    public const string UpperName = "upper";

    // An empty file takes room too.
    private const long LeastFileBytes = 4096;
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly DirectoryStore _store;
    private readonly IReadOnlyList<string> _written;

    public DirectoryPiece(DirectoryStore store, string name, int slot)
    {
        Name = name;
        _store = store;
        var layer = System.IO.Path.Combine(store.RootPath, slot.ToString(CultureInfo.InvariantCulture));
        var dash = name.IndexOf('-', StringComparison.Ordinal);
        if (dash > 0)
        {
            Path = System.IO.Path.Combine(layer, UpperName, "sandbox/volumes", name[(dash + 1)..]);
            _written = [Path];
        }
        else
        {
            Path = layer;
            _written = [.. LinkTree.WritablePlaces.Select(place => System.IO.Path.Combine(layer, UpperName) + place)];
        }
    }

    public string Name { get; }

    public string Path { get; }

    public long UsedBytes => Measure().Bytes;

    /// <summary>Makes a directory and those above it, up to one that is there, root's and mode 0755 whatever the umask is.</summary>
    public static void MakeDirectories(string top, string path)
    {
        if (path.Length <= top.Length || Directory.Exists(path)) return;
        MakeDirectories(top, System.IO.Path.GetDirectoryName(path)!);
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, DirectoryMode);
    }

    public long CountFiles() => Measure().Files;

    /// <summary>Bytes of its files by their length, and how many there are; no more once it is far over its limit.</summary>
    public (long Bytes, long Files) Measure()
    {
        var most = _store.MostCounted(Name);
        var sum = (Bytes: 0L, Files: 0L);
        foreach (var directory in _written)
        {
            var (bytes, files) = Count(directory, most);
            sum = (sum.Bytes + bytes, sum.Files + files);
        }

        return sum;
    }

    public void SetLimit(long limitBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(limitBytes);
        if (!Directory.Exists(Path)) throw new SyscallException("open", ErrnoName.ENOENT, Path);
        _store.SetLimit(Name, limitBytes);
    }

    /// <summary>Removes all that the sandbox could write to; the rest of the root is the slot's.</summary>
    public void Delete()
    {
        TreeRemoval.Run(_written);
        _store.Forget(Name);
    }

    /// <summary>Counts what is below a directory; links are not followed.</summary>
    private static (long Bytes, long Files) Count(string directory, long most)
    {
        if (!Directory.Exists(directory)) return (0, 0);
        var files = new FileSystemEnumerable<long>(
            directory,
            static (ref entry) => Math.Max(entry.IsDirectory ? 0 : entry.Length, LeastFileBytes),
            new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = true })
        {
            ShouldRecursePredicate = static (ref entry) => entry.IsDirectory && (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };
        var sum = (Bytes: 0L, Files: 0L);
        try
        {
            foreach (var bytes in files)
            {
                sum = (sum.Bytes + bytes, sum.Files + 1);
                if (sum.Bytes > most) break;
            }
        }
        catch (IOException)
        {
            // It changed under the count; what has been seen counts.
        }

        return sum;
    }
}
