namespace MonkeyCoder.Linux.Tests;

public sealed class LibcBtrfsTests
{
    // An ioctl number has the size of its argument in bits 16 to 29 (<asm-generic/ioctl.h>).
    [Theory]
    [InlineData(Libc.BTRFS_IOC_SUBVOL_CREATE_V2, 24, Libc.BtrfsVolumeArgsBytes)]
    [InlineData(Libc.BTRFS_IOC_SNAP_DESTROY_V2, 63, Libc.BtrfsVolumeArgsBytes)]
    [InlineData(Libc.BTRFS_IOC_INO_LOOKUP, 18, Libc.BtrfsInodeLookupBytes)]
    [InlineData(Libc.BTRFS_IOC_FS_INFO, 31, Libc.BtrfsInfoBytes)]
    [InlineData(Libc.BTRFS_IOC_SUBVOL_SYNC_WAIT, 65, Libc.BtrfsWaitBytes)]
    [InlineData(Libc.BTRFS_IOC_QUOTA_CTL, 40, Libc.BtrfsQuotaControlBytes)]
    [InlineData(Libc.BTRFS_IOC_QGROUP_CREATE, 42, Libc.BtrfsQuotaGroupBytes)]
    [InlineData(Libc.BTRFS_IOC_QGROUP_LIMIT, 43, Libc.BtrfsQuotaLimitBytes)]
    [InlineData(Libc.BTRFS_IOC_TREE_SEARCH_V2, 17, Libc.BtrfsSearchHeaderBytes)]
    public void Requests_Btrfs_CarryTheSizeOfTheirArgument(uint request, int number, int bytes)
    {
        Assert.Equal(bytes, (int)((request >> 16) & 0x3FFF));
        Assert.Equal(0x94, (int)((request >> 8) & 0xFF));
        Assert.Equal(number, (int)(request & 0xFF));
    }

    [Fact]
    public void LoopConfig_Size_IsThatOfTheKernel() => Assert.Equal(4 + 4 + 232 + (8 * 8), Libc.LoopConfigBytes);

    [Fact]
    public void TryGetBtrfsId_OnProc_IsNull()
    {
        using var directory = Libc.OpenForReading("/proc");

        Assert.Null(Libc.TryGetBtrfsId(directory));
    }

    [Fact]
    public void GetSubvolumeId_OnProc_NamesCallAndSubject()
    {
        using var directory = Libc.OpenForReading("/proc");

        var failure = Assert.Throws<SyscallException>(() => Libc.GetSubvolumeId(directory, "/proc"));

        Assert.Equal("/proc", failure.Subject);
        Assert.Equal(ErrnoName.ENOTTY, failure.Errno);
    }
}
