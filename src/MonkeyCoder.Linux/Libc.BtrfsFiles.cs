using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>
/// Files of a btrfs subvolume, as its tree has them (&lt;linux/btrfs_tree.h&gt;): the first item of each has its number and the type
/// INODE_ITEM as key. Numbers go up from 256 and are never given twice.
/// </content>
public static partial class Libc
{
    private const uint BTRFS_INODE_ITEM_KEY = 1;
    private const int BtrfsInodeItemBytes = 160;

    /// <summary>
    /// Files of every kind in a subvolume, those that are unlinked and still open included; 0 where there is no such subvolume. Reads
    /// every item of its tree.
    /// </summary>
    /// <exception cref="SyscallException">EPERM.</exception>
    public static long CountBtrfsFiles(FileDescriptor directory, ulong subvolume, string subject)
    {
        var count = 0L;
        var range = (BTRFS_FIRST_FREE_OBJECTID, BTRFS_LAST_FREE_OBJECTID);
        Search(directory, subvolume, BTRFS_INODE_ITEM_KEY, range, subject, (_, _) => count++);
        return count;
    }

    /// <summary>The lowest number of a file in a subvolume that is <paramref name="from"/> or more; null where there is none.</summary>
    /// <exception cref="SyscallException">EPERM.</exception>
    public static ulong? FindBtrfsFile(FileDescriptor directory, ulong subvolume, ulong from, string subject)
    {
        Span<byte> arguments = stackalloc byte[BtrfsSearchHeaderBytes + BtrfsItemHeaderBytes + BtrfsInodeItemBytes];
        WriteSearchKey(
            arguments, subvolume, (from, BTRFS_INODE_ITEM_KEY, 0), (BTRFS_LAST_FREE_OBJECTID, BTRFS_INODE_ITEM_KEY),
            BtrfsItemHeaderBytes + BtrfsInodeItemBytes, most: 1);
        if (RawIoctl(directory, BTRFS_IOC_TREE_SEARCH_V2, arguments) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno == ErrnoName.ENOENT) return null;
            throw new SyscallException("ioctl BTRFS_IOC_TREE_SEARCH_V2", errno, subject);
        }

        return BinaryPrimitives.ReadUInt32LittleEndian(arguments[64..]) == 0
            ? null
            : BinaryPrimitives.ReadUInt64LittleEndian(arguments[(BtrfsSearchHeaderBytes + 8)..]);
    }
}
