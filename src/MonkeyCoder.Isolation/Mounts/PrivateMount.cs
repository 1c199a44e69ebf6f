using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Mounts;

/// <summary>
/// Keeps what is mounted below a directory out of the other mount namespaces of the host: on a host with systemd every mount is
/// copied into the namespaces of its services, where it would live on after it has been unmounted here.
/// </summary>
internal sealed class PrivateMount : IDisposable
{
    private readonly string _directory;
    private int _disposed;

    private PrivateMount(string directory) => _directory = directory;

    /// <summary>Mounts the directory on itself, private; null where nothing below it would be shared anyway.</summary>
    /// <exception cref="SyscallException">With the directory as its subject.</exception>
    public static PrivateMount? At(string directory)
    {
        if (MountTable.Covering(directory) is not { Shared: true }) return null;
        Libc.Mount(directory, directory, "", Libc.MS_BIND, null);
        var mount = new PrivateMount(directory);
        try
        {
            Libc.Mount("", directory, "", Libc.MS_PRIVATE, null);
            return mount;
        }
        catch
        {
            mount.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) _ = Libc.TryUnmount(_directory, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW);
    }
}
