using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Mounts;

/// <summary>
/// Read-only copies of layer directories as the ids of each uid range see them. All ranges share the files and their
/// page cache. The copies are attached nowhere, where the kernel lets them be used like that: then nothing shows in the
/// mount table, and they end with this process.
/// </summary>
/// <param name="attachBelow">Directory to attach the copies below; null: not attached (Linux 6.15 and later).</param>
internal sealed class MappedLayers(string? attachBelow) : IDisposable
{
    private static readonly Version UnattachedSince = new(6, 15);

    private readonly Lock _lock = new();
    private readonly Dictionary<(int Slot, string Directory), FileDescriptor> _copies = []; // under _lock
    private bool _disposed; // under _lock

    /// <summary>Whether overlayfs of this kernel takes layers that are not attached.</summary>
    public static bool CanStayUnattached => Environment.OSVersion.Version >= UnattachedSince;

    /// <summary>The copies for the layers, in their order. They stay this object's; a range is asked for by one caller at a time.</summary>
    /// <exception cref="SyscallException">A directory is missing, or its file system cannot be id-mapped.</exception>
    public IReadOnlyList<FileDescriptor> Open(UidRange range, IReadOnlyList<string> directories)
    {
        var copies = new FileDescriptor[directories.Count];
        FileDescriptor? mapping = null;
        try
        {
            for (var i = 0; i < copies.Length; i++)
            {
                var key = (range.Slot, directories[i]);
                lock (_lock)
                {
                    if (_copies.TryGetValue(key, out var known))
                    {
                        copies[i] = known;
                        continue;
                    }
                }

                mapping ??= MappingNamespace.Open(range);
                copies[i] = Map(directories[i], mapping, range);
                lock (_lock)
                {
                    ObjectDisposedException.ThrowIf(_disposed, this);
                    _copies[key] = copies[i];
                }
            }

            return copies;
        }
        finally
        {
            mapping?.Dispose();
        }
    }

    /// <summary>Drops the copies of a directory that is about to be deleted.</summary>
    public void Forget(string directory)
    {
        lock (_lock)
        {
            foreach (var key in _copies.Keys.Where(key => key.Directory == directory).ToArray()) Drop(key);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var key in _copies.Keys.ToArray()) Drop(key);
        }
    }

    private FileDescriptor Map(string directory, FileDescriptor mapping, UidRange range)
    {
        var copy = Libc.CloneMount(directory);
        try
        {
            Libc.MapMountReadOnly(copy, mapping);
            if (Place(range.Slot, directory) is { } place)
            {
                Directory.CreateDirectory(place);
                Libc.AttachMount(copy, place);
            }

            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Caller holds the lock.</summary>
    private void Drop((int Slot, string Directory) key)
    {
        if (!_copies.Remove(key, out var copy)) return;
        copy.Dispose();
        if (Place(key.Slot, key.Directory) is not { } place) return;
        _ = Libc.TryUnmount(place, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW);
        _ = Libc.TryRemoveDirectory(place);
    }

    private string? Place(int slot, string directory) =>
        attachBelow is null ? null : $"{attachBelow}/{slot}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(directory)))[..16]}";
}
