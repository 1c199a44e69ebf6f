using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Mounts;

[Trait("Needs", "root")]
public sealed class PrivateMountTests
{
    private const ulong MS_SHARED = 1 << 20;

    [Fact]
    public void At_DirectoryOnASharedMount_IsAPrivateMountUntilDisposed()
    {
        var shared = Directory.CreateTempSubdirectory("shared-").FullName;
        var inner = Directory.CreateDirectory(Path.Combine(shared, "inner")).FullName;
        try
        {
            Libc.Mount(shared, shared, "", Libc.MS_BIND, null);
            Libc.Mount("", shared, "", MS_SHARED, null);

            using (var mount = PrivateMount.At(inner))
            {
                Assert.NotNull(mount);
                Assert.False(MountTable.Covering(inner)!.Shared);
                Assert.Equal(inner, MountTable.Covering(inner)!.MountPoint);
                Assert.Null(PrivateMount.At(inner));
            }

            Assert.Equal(shared, MountTable.Covering(inner)!.MountPoint);
        }
        finally
        {
            _ = Libc.TryUnmount(shared, Libc.MNT_DETACH);
            Directory.Delete(shared, recursive: true);
        }
    }
}
