using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>mount(2), umount2(2), and the mount calls that work on descriptors: open_tree(2), mount_setattr(2), move_mount(2).</content>
public static partial class Libc
{
    // <sys/mount.h>, the same on x64 and arm64.
    private const int AT_FDCWD = -100;
    private const uint AT_EMPTY_PATH = 0x1000;
    private const uint OPEN_TREE_CLONE = 1;
    private const uint OPEN_TREE_CLOEXEC = 0x80000;
    private const uint MOVE_MOUNT_F_EMPTY_PATH = 0x4;
    private const ulong MOUNT_ATTR_RDONLY = 0x1;
    private const ulong MOUNT_ATTR_IDMAP = 0x100000;

    /// <summary>MNT_DETACH of umount2(2): out of the tree now, freed when nothing uses it.</summary>
    public const int MNT_DETACH = 2;

    /// <summary>UMOUNT_NOFOLLOW of umount2(2): a symbolic link is not followed.</summary>
    public const int UMOUNT_NOFOLLOW = 8;

    /// <summary>MS_RDONLY of mount(2).</summary>
    public const ulong MS_RDONLY = 1;

    /// <summary>MS_NOSUID of mount(2).</summary>
    public const ulong MS_NOSUID = 2;

    /// <summary>MS_NODEV of mount(2).</summary>
    public const ulong MS_NODEV = 4;

    /// <summary>MS_BIND of mount(2).</summary>
    public const ulong MS_BIND = 4096;

    /// <summary>MS_PRIVATE of mount(2).</summary>
    public const ulong MS_PRIVATE = 1 << 18;

    /// <summary>mount(2).</summary>
    /// <exception cref="SyscallException">With the target as its subject.</exception>
    public static void Mount(string source, string target, string fileSystem, ulong flags, string? data)
    {
        if (RawMount(source, target, fileSystem, flags, data) != 0) throw Failed("mount", target);
    }

    /// <summary>umount2(2). Returns 0 or the errno (EINVAL: not a mount point, ENOENT, EBUSY).</summary>
    public static int TryUnmount(string target, int flags) =>
        RawUnmount(target, flags) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>open_tree(OPEN_TREE_CLONE): a private copy of the mount at a directory, attached nowhere. It lives as long as the descriptor.</summary>
    /// <exception cref="SyscallException">ENOENT, or ENOSYS before Linux 5.2.</exception>
    public static FileDescriptor CloneMount(string path)
    {
        var number = RawOpenTree(AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
        return number >= 0 ? new FileDescriptor(number) : throw Failed("open_tree", path);
    }

    /// <summary>
    /// mount_setattr(MOUNT_ATTR_IDMAP): files seen through <paramref name="mount"/> belong to the ids that
    /// <paramref name="userNamespace"/> maps their owners to; and the mount becomes read-only.
    /// </summary>
    /// <exception cref="SyscallException">EINVAL: the file system cannot be id-mapped, or the mount is attached already.</exception>
    public static void MapMountReadOnly(FileDescriptor mount, FileDescriptor userNamespace)
    {
        ArgumentNullException.ThrowIfNull(userNamespace);
        var attributes = new MountAttributes
        {
            Set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_RDONLY,
            UserNamespace = (ulong)userNamespace.Number,
        };
        if (RawMountSetAttr(mount, "", AT_EMPTY_PATH, in attributes, (nuint)Marshal.SizeOf<MountAttributes>()) != 0)
            throw Failed("mount_setattr", "an id-mapped copy");
    }

    /// <summary>move_mount(2): attaches what <see cref="CloneMount"/> made.</summary>
    /// <exception cref="SyscallException">ENOENT: the target does not exist.</exception>
    public static void AttachMount(FileDescriptor mount, string target)
    {
        if (RawMoveMount(mount, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0) throw Failed("move_mount", target);
    }

    // struct mount_attr, mount_setattr(2)
    [StructLayout(LayoutKind.Sequential)]
    private struct MountAttributes
    {
        public ulong Set;
        public ulong Clear;
        public ulong Propagation;
        public ulong UserNamespace;
    }

    // mount(2), umount2(2), open_tree(2), mount_setattr(2), move_mount(2); the last three are in glibc from 2.36 on.
    [LibraryImport("libc", EntryPoint = "mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawMount(string source, string target, string fileSystem, ulong flags, string? data);

    [LibraryImport("libc", EntryPoint = "umount2", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawUnmount(string target, int flags);

    [LibraryImport("libc", EntryPoint = "open_tree", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawOpenTree(int directory, string path, uint flags);

    [LibraryImport("libc", EntryPoint = "mount_setattr", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawMountSetAttr(FileDescriptor directory, string path, uint flags, in MountAttributes attributes, nuint size);

    [LibraryImport("libc", EntryPoint = "move_mount", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawMoveMount(FileDescriptor from, string fromPath, int to, string toPath, uint flags);
}
