using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>
/// Quota groups of btrfs (btrfs-quota(5), &lt;linux/btrfs.h&gt;, &lt;linux/btrfs_tree.h&gt;). A subvolume's own group is
/// level 0 and has the subvolume's id.
/// </content>
public static partial class Libc
{
    // struct btrfs_ioctl_quota_ctl_args: cmd, status.
    internal const uint BTRFS_IOC_QUOTA_CTL = 0xC010_9428;
    internal const int BtrfsQuotaControlBytes = 16;
    private const ulong BTRFS_QUOTA_CTL_ENABLE = 1;
    private const ulong BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA = 4;

    // struct btrfs_ioctl_qgroup_create_args: create, qgroupid.
    internal const uint BTRFS_IOC_QGROUP_CREATE = 0x4010_942A;
    internal const int BtrfsQuotaGroupBytes = 16;

    // struct btrfs_ioctl_qgroup_limit_args: qgroupid, flags, max_rfer, max_excl, rsv_rfer, rsv_excl.
    internal const uint BTRFS_IOC_QGROUP_LIMIT = 0x8030_942B;
    internal const int BtrfsQuotaLimitBytes = 48;
    private const ulong BTRFS_QGROUP_LIMIT_MAX_RFER = 1;

    // struct btrfs_ioctl_search_args_v2: struct btrfs_ioctl_search_key (104 bytes), buf_size, buf[].
    internal const uint BTRFS_IOC_TREE_SEARCH_V2 = 0xC070_9411;
    internal const int BtrfsSearchHeaderBytes = 112;
    private const int BtrfsSearchBufferBytes = 64 * 1024;
    private const int BtrfsItemHeaderBytes = 32;
    private const ulong BTRFS_ROOT_TREE_OBJECTID = 1;
    private const ulong BTRFS_QUOTA_TREE_OBJECTID = 8;
    private const ulong BTRFS_LAST_FREE_OBJECTID = unchecked((ulong)-256);
    private const uint BTRFS_ROOT_ITEM_KEY = 132;
    private const uint BTRFS_QGROUP_INFO_KEY = 242;

    /// <summary>
    /// Turns quotas on, or finds them on. Simple ones (owner pays, Linux 6.7) cost nothing to keep; full ones are counted by
    /// walking references. Returns 0 or the errno (EINVAL: this kernel has none of that kind; EEXIST: the other kind is on).
    /// </summary>
    public static int TryEnableBtrfsQuotas(FileDescriptor directory, bool simple)
    {
        Span<byte> arguments = stackalloc byte[BtrfsQuotaControlBytes];
        arguments.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(arguments, simple ? BTRFS_QUOTA_CTL_ENABLE_SIMPLE_QUOTA : BTRFS_QUOTA_CTL_ENABLE);
        return RawIoctl(directory, BTRFS_IOC_QUOTA_CTL, arguments) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Sets how many bytes a subvolume may use: data and metadata, shared extents as the quota's kind counts them.</summary>
    /// <exception cref="SyscallException">ENOENT: no such group; ENOTCONN: quotas are off.</exception>
    public static void LimitQuotaGroup(FileDescriptor directory, ulong id, long limitBytes, string subject)
    {
        Span<byte> arguments = stackalloc byte[BtrfsQuotaLimitBytes];
        arguments.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(arguments, id);
        BinaryPrimitives.WriteUInt64LittleEndian(arguments[8..], BTRFS_QGROUP_LIMIT_MAX_RFER);
        BinaryPrimitives.WriteInt64LittleEndian(arguments[16..], limitBytes);
        if (RawIoctl(directory, BTRFS_IOC_QGROUP_LIMIT, arguments) != 0) throw Failed("ioctl BTRFS_IOC_QGROUP_LIMIT", subject);
    }

    /// <summary>Removes the group of a subvolume that is gone. Returns 0 or the errno (ENOENT, EBUSY: still in use).</summary>
    public static int TryRemoveQuotaGroup(FileDescriptor directory, ulong id)
    {
        Span<byte> arguments = stackalloc byte[BtrfsQuotaGroupBytes];
        arguments.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(arguments[8..], id);
        return RawIoctl(directory, BTRFS_IOC_QGROUP_CREATE, arguments) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>Ids of all level 0 quota groups above the file system's own; empty where quotas are off.</summary>
    /// <exception cref="SyscallException">EPERM.</exception>
    public static IReadOnlyList<ulong> ListQuotaGroups(FileDescriptor directory, string subject)
    {
        var found = new List<ulong>();

        // Key of a group: (0, QGROUP_INFO, level << 48 | id).
        Search(directory, BTRFS_QUOTA_TREE_OBJECTID, BTRFS_QGROUP_INFO_KEY, (0, 0), subject, (_, offset) =>
        {
            if (offset is >= BTRFS_FIRST_FREE_OBJECTID and < 1UL << 48) found.Add(offset);
        });
        return found;
    }

    /// <summary>Ids of all subvolumes, those among them that are deleted but not yet freed included.</summary>
    /// <exception cref="SyscallException">EPERM.</exception>
    public static IReadOnlyList<ulong> ListSubvolumeIds(FileDescriptor directory, string subject)
    {
        var found = new List<ulong>();
        var range = (BTRFS_FIRST_FREE_OBJECTID, BTRFS_LAST_FREE_OBJECTID);
        Search(directory, BTRFS_ROOT_TREE_OBJECTID, BTRFS_ROOT_ITEM_KEY, range, subject, (id, _) => found.Add(id));
        return found;
    }

    private static void Search(
        FileDescriptor directory, ulong tree, uint type, (ulong First, ulong Last) ids, string subject, Action<ulong, ulong> found)
    {
        var arguments = new byte[BtrfsSearchHeaderBytes + BtrfsSearchBufferBytes];
        var from = (Id: ids.First, Type: type, Offset: 0UL);
        while (true)
        {
            WriteSearchKey(arguments, tree, from, (ids.Last, type), BtrfsSearchBufferBytes, most: uint.MaxValue);
            if (RawIoctl(directory, BTRFS_IOC_TREE_SEARCH_V2, arguments) != 0)
            {
                // There is no such tree while quotas are off.
                if (Marshal.GetLastPInvokeError() == ErrnoName.ENOENT) return;
                throw Failed("ioctl BTRFS_IOC_TREE_SEARCH_V2", subject);
            }

            var items = BinaryPrimitives.ReadUInt32LittleEndian(arguments.AsSpan(64));
            if (items == 0) return;
            var at = BtrfsSearchHeaderBytes;
            for (var item = 0; item < items; item++)
            {
                var header = arguments.AsSpan(at, BtrfsItemHeaderBytes);
                from.Id = BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
                from.Offset = BinaryPrimitives.ReadUInt64LittleEndian(header[16..]);
                from.Type = BinaryPrimitives.ReadUInt32LittleEndian(header[24..]);

                // The search takes keys as one long number, so items of other types lie in between.
                if (from.Type == type) found(from.Id, from.Offset);
                at += BtrfsItemHeaderBytes + BinaryPrimitives.ReadInt32LittleEndian(header[28..]);
            }

            if (++from.Offset == 0) from.Type++;
        }
    }

    private static void WriteSearchKey(
        Span<byte> key, ulong tree, (ulong Id, uint Type, ulong Offset) from, (ulong Id, uint Type) last, ulong bufferBytes, uint most)
    {
        key.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(key, tree);
        BinaryPrimitives.WriteUInt64LittleEndian(key[8..], from.Id);
        BinaryPrimitives.WriteUInt64LittleEndian(key[16..], last.Id);
        BinaryPrimitives.WriteUInt64LittleEndian(key[24..], from.Offset);
        BinaryPrimitives.WriteUInt64LittleEndian(key[32..], ulong.MaxValue);
        BinaryPrimitives.WriteUInt64LittleEndian(key[48..], ulong.MaxValue);
        BinaryPrimitives.WriteUInt32LittleEndian(key[56..], from.Type);
        BinaryPrimitives.WriteUInt32LittleEndian(key[60..], last.Type);
        BinaryPrimitives.WriteUInt32LittleEndian(key[64..], most);
        BinaryPrimitives.WriteUInt64LittleEndian(key[104..], bufferBytes);
    }
}
