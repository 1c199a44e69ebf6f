using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Store;

/// <summary>Mounts of image files, on loop devices that go when they are unmounted.</summary>
internal static class StoreMount
{
    /// <summary>Passable but not listable: names of sandboxes are no one else's business.</summary>
    public const UnixFileMode RootMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const ulong MS_NOATIME = 1024;

    /// <summary>True where the image is mounted there, by a predecessor. A mount of an image that was removed since is taken away.</summary>
    /// <exception cref="HostNotReadyException">Something else is mounted there.</exception>
    public static bool IsMounted(string image, string target)
    {
        if (MountTable.Read().LastOrDefault(entry => entry.MountPoint == target) is not { } mounted) return false;
        var backing = LoopBacking.Find(mounted.Source);
        if (backing == image) return true;

        // Somebody removed the state directory under a mounted store.
        if (backing != image + LoopBacking.DeletedSuffix)
            throw new HostNotReadyException($"{target} is taken by a mount of {mounted.Source} that is not {image}: unmount it.");
        var errno = Libc.TryUnmount(target, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW);
        return errno == 0 ? false : throw new SyscallException("umount2", errno, target);
    }

    /// <summary>Mounts an image, without devices, set-uid bits and access times.</summary>
    /// <remarks>
    /// Where a loop device has the image already, that one is mounted once more: a mount namespace that still holds
    /// a copy of an earlier mount keeps it alive, and the same blocks through two devices would be two file systems that
    /// overwrite each other (btrfs allows it from Linux 6.7 on).
    /// </remarks>
    /// <exception cref="SyscallException">No loop device, or the file system is not to be read.</exception>
    public static void Mount(string image, string target, string fileSystem, string options)
    {
        var (device, keeper) = LoopBacking.TryOpenDevice(image) ?? Libc.AttachLoop(image);
        using (keeper)
            Libc.Mount(device, target, fileSystem, MS_NOATIME | Libc.MS_NOSUID | Libc.MS_NODEV, options);
    }

    /// <summary>Unmounts; where something still uses it, it goes as soon as nothing does. Nothing happens where nothing is mounted.</summary>
    /// <exception cref="SyscallException">EPERM.</exception>
    public static void Unmount(string target)
    {
        var errno = Libc.TryUnmount(target, Libc.UMOUNT_NOFOLLOW);
        if (errno == ErrnoName.EBUSY) errno = Libc.TryUnmount(target, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW);
        if (errno is not (0 or ErrnoName.EINVAL or ErrnoName.ENOENT)) throw new SyscallException("umount2", errno, target);
    }
}
