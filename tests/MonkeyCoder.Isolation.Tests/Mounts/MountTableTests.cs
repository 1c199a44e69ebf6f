using MonkeyCoder.Isolation.Mounts;

namespace MonkeyCoder.Isolation.Tests.Mounts;

public sealed class MountTableTests
{
    [Fact]
    public void Parse_EscapedSharedAndPlain_ReadsEveryField()
    {
        var entries = MountTable.Parse(
        [
            "36 35 98:0 /mnt1 /mnt\\0402\\134x rw,noatime master:1 shared:7 - ext3 /dev/root rw,errors=continue",
            "37 35 0:39 / /grün ro - overlay overlay rw,lowerdir=/proc/self/fd/4",
            "garbage",
        ]);

        Assert.Equal(
            [
                new MountEntry("/mnt 2\\x", "ext3", "/dev/root", "rw,noatime", "rw,errors=continue", Shared: true),
                new MountEntry("/grün", "overlay", "overlay", "ro", "rw,lowerdir=/proc/self/fd/4", Shared: false),
            ],
            entries);
    }

    [Fact]
    public void Covering_APathOfThisHost_IsTheLongestMountAboveIt()
    {
        Assert.Equal("/proc", MountTable.Covering("/proc/self/status")!.MountPoint);
        Assert.NotEqual("/proc", MountTable.Covering("/procession")!.MountPoint);
    }
}
