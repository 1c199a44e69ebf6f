using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace MonkeyCoder.Linux;

/// <content>
/// Subvolumes of btrfs (btrfs-ioctl(2), &lt;linux/btrfs.h&gt;). Request numbers are <c>_IOW(0x94, number, size)</c>
/// with the size of the argument in them, the same on x64 and arm64.
/// </content>
public static partial class Libc
{
    // struct btrfs_ioctl_vol_args_v2: fd, transid, flags, 4 words, name[4040].
    internal const uint BTRFS_IOC_SUBVOL_CREATE_V2 = 0x5000_9418;
    internal const uint BTRFS_IOC_SNAP_DESTROY_V2 = 0x5000_943F;
    internal const int BtrfsVolumeArgsBytes = 4096;
    private const int BtrfsVolumeNameOffset = 56;

    // struct btrfs_ioctl_ino_lookup_args: treeid, objectid, name[4080].
    internal const uint BTRFS_IOC_INO_LOOKUP = 0xD000_9412;
    internal const int BtrfsInodeLookupBytes = 4096;

    // struct btrfs_ioctl_fs_info_args: max_id, num_devices, fsid[16], …
    internal const uint BTRFS_IOC_FS_INFO = 0x8400_941F;
    internal const int BtrfsInfoBytes = 1024;
    private const int BtrfsInfoIdOffset = 16;

    // struct btrfs_ioctl_subvol_wait: subvolid, mode, count. Linux 6.13.
    internal const uint BTRFS_IOC_SUBVOL_SYNC_WAIT = 0x4010_9441;
    internal const int BtrfsWaitBytes = 16;
    private const uint BTRFS_SUBVOL_SYNC_WAIT_FOR_QUEUED = 1;

    // struct btrfs_ioctl_get_subvol_info_args: treeid, name[256], parent_id, dirid, generation, flags, three uuids, four transids, four times.
    internal const uint BTRFS_IOC_GET_SUBVOL_INFO = 0x81F8_943C;
    internal const int BtrfsSubvolumeInfoBytes = 504;
    private const int BtrfsSubvolumeFlagsOffset = 288;
    private const int BtrfsReceivedIdOffset = 328;
    private const int BtrfsSentTransactionOffset = 360;

    private const uint BTRFS_IOC_SYNC = 0x9408;
    private const ulong BTRFS_FIRST_FREE_OBJECTID = 256;

    /// <summary>Id of the btrfs file system that <paramref name="directory"/> lies on, as in <c>/sys/fs/btrfs/ID</c>; null where it is no btrfs.</summary>
    public static Guid? TryGetBtrfsId(FileDescriptor directory)
    {
        Span<byte> info = stackalloc byte[BtrfsInfoBytes];
        info.Clear();
        return RawIoctl(directory, BTRFS_IOC_FS_INFO, info) == 0
            ? new Guid(info.Slice(BtrfsInfoIdOffset, 16), bigEndian: true)
            : null;
    }

    /// <summary>Creates an empty subvolume, mode 0777 less the umask, owned by the caller.</summary>
    /// <exception cref="SyscallException">EEXIST, ENOSPC, EDQUOT.</exception>
    public static void CreateSubvolume(FileDescriptor parent, string name)
    {
        Span<byte> arguments = stackalloc byte[BtrfsVolumeArgsBytes];
        WriteVolumeName(arguments, name);
        if (RawIoctl(parent, BTRFS_IOC_SUBVOL_CREATE_V2, arguments) != 0) throw Failed("ioctl BTRFS_IOC_SUBVOL_CREATE_V2", name);
    }

    /// <summary>
    /// Takes a subvolume out of the tree, with whatever is in it; its space comes back later, by the file system's own
    /// cleaner. False where there is none of that name.
    /// </summary>
    /// <exception cref="SyscallException">EINVAL: no subvolume but a directory; ENOTEMPTY: another subvolume is inside.</exception>
    public static bool DeleteSubvolume(FileDescriptor parent, string name)
    {
        Span<byte> arguments = stackalloc byte[BtrfsVolumeArgsBytes];
        WriteVolumeName(arguments, name);
        if (RawIoctl(parent, BTRFS_IOC_SNAP_DESTROY_V2, arguments) == 0) return true;
        return Marshal.GetLastPInvokeError() == ErrnoName.ENOENT ? false : throw Failed("ioctl BTRFS_IOC_SNAP_DESTROY_V2", name);
    }

    /// <summary>Id of the subvolume whose root <paramref name="directory"/> is; also the id of its quota group.</summary>
    /// <exception cref="SyscallException">ENOTTY: no btrfs.</exception>
    public static ulong GetSubvolumeId(FileDescriptor directory, string subject)
    {
        Span<byte> arguments = stackalloc byte[BtrfsInodeLookupBytes];
        arguments.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(arguments[8..], BTRFS_FIRST_FREE_OBJECTID);
        if (RawIoctl(directory, BTRFS_IOC_INO_LOOKUP, arguments) != 0) throw Failed("ioctl BTRFS_IOC_INO_LOOKUP", subject);
        return BinaryPrimitives.ReadUInt64LittleEndian(arguments);
    }

    /// <summary>
    /// Whether the owner of a subvolume has set what can be set on it beside its files: read-only, or that it was received from elsewhere.
    /// </summary>
    /// <exception cref="SyscallException">ENOTTY: no btrfs.</exception>
    public static bool HasSubvolumeMarks(FileDescriptor directory, string subject)
    {
        Span<byte> info = stackalloc byte[BtrfsSubvolumeInfoBytes];
        info.Clear();
        // It answers 1 where its search did not land on the spot.
        if (RawIoctl(directory, BTRFS_IOC_GET_SUBVOL_INFO, info) < 0) throw Failed("ioctl BTRFS_IOC_GET_SUBVOL_INFO", subject);
        return info.Slice(BtrfsSubvolumeFlagsOffset, sizeof(ulong)).ContainsAnyExcept((byte)0)
            || info.Slice(BtrfsReceivedIdOffset, 16).ContainsAnyExcept((byte)0)
            || info.Slice(BtrfsSentTransactionOffset, 2 * sizeof(ulong)).ContainsAnyExcept((byte)0);
    }

    /// <summary>ioctl(BTRFS_IOC_SYNC): commits everything, and wakes the cleaner that frees deleted subvolumes.</summary>
    /// <exception cref="SyscallException">EIO, ENOSPC.</exception>
    public static void SyncBtrfs(FileDescriptor directory, string subject)
    {
        if (RawIoctl(directory, BTRFS_IOC_SYNC, []) != 0) throw Failed("ioctl BTRFS_IOC_SYNC", subject);
    }

    /// <summary>
    /// Waits until the subvolumes deleted so far have been freed. Returns 0, or the errno: ENOTTY before Linux 6.13,
    /// EINTR.
    /// </summary>
    public static int TryWaitForDeletedSubvolumes(FileDescriptor directory)
    {
        Span<byte> arguments = stackalloc byte[BtrfsWaitBytes];
        arguments.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(arguments[8..], BTRFS_SUBVOL_SYNC_WAIT_FOR_QUEUED);
        return RawIoctl(directory, BTRFS_IOC_SUBVOL_SYNC_WAIT, arguments) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    private static void WriteVolumeName(Span<byte> arguments, string name)
    {
        arguments.Clear();
        var bytes = Encoding.UTF8.GetBytes(name);
        if (bytes.Length > 255) throw new SyscallException("ioctl", ErrnoName.ENAMETOOLONG, name);
        bytes.CopyTo(arguments[BtrfsVolumeNameOffset..]);
    }
}
