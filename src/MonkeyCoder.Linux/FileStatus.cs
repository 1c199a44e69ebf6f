using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <summary>Kind bits of a file's mode (inode(7)).</summary>
public enum FileKind
{
    /// <summary>S_IFIFO</summary>
    Pipe = 0x1000,
    /// <summary>S_IFCHR</summary>
    CharacterDevice = 0x2000,
    /// <summary>S_IFDIR</summary>
    Directory = 0x4000,
    /// <summary>S_IFBLK</summary>
    BlockDevice = 0x6000,
    /// <summary>S_IFREG</summary>
    Regular = 0x8000,
    /// <summary>S_IFLNK</summary>
    Link = 0xA000,
    /// <summary>S_IFSOCK</summary>
    Socket = 0xC000,
}

/// <summary>What statx(2) says of a file.</summary>
/// <param name="Mode">Kind and permission bits, set-id and sticky bits too.</param>
/// <param name="UserId">Owner.</param>
/// <param name="GroupId">Group.</param>
/// <param name="SizeBytes">Size.</param>
/// <param name="ModifiedUnixNanoseconds">Last change of content.</param>
/// <param name="ChangedUnixNanoseconds">Last change of content or metadata, which nobody can set.</param>
/// <param name="Inode">Number within the device.</param>
/// <param name="Device">Number of the device: major in the upper half, minor in the lower.</param>
public readonly record struct FileStatus(
    int Mode, uint UserId, uint GroupId, long SizeBytes, long ModifiedUnixNanoseconds, long ChangedUnixNanoseconds, ulong Inode, ulong Device)
{
    /// <summary>Bytes of struct statx, the same on every architecture.</summary>
    internal const int StatxBytes = 256;

    /// <summary>Regular file, directory, …</summary>
    public FileKind Kind => (FileKind)(Mode & 0xF000);

    internal static FileStatus FromStatx(ReadOnlySpan<byte> statx) => new(
        MemoryMarshal.Read<ushort>(statx[28..]),
        MemoryMarshal.Read<uint>(statx[20..]),
        MemoryMarshal.Read<uint>(statx[24..]),
        MemoryMarshal.Read<long>(statx[40..]),
        Nanoseconds(statx[112..]),
        Nanoseconds(statx[96..]),
        MemoryMarshal.Read<ulong>(statx[32..]),
        ((ulong)MemoryMarshal.Read<uint>(statx[136..]) << 32) | MemoryMarshal.Read<uint>(statx[140..]));

    /// <summary>Of a struct statx_timestamp.</summary>
    private static long Nanoseconds(ReadOnlySpan<byte> timestamp) =>
        (MemoryMarshal.Read<long>(timestamp) * 1_000_000_000) + MemoryMarshal.Read<uint>(timestamp[8..]);
}
