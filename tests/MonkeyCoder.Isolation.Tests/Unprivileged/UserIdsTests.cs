using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Unprivileged;

namespace MonkeyCoder.Isolation.Tests.Unprivileged;

public sealed class UserIdsTests
{
    [Theory]
    [InlineData("         0          0 4294967295\n", 1_200_000_000u)]
    [InlineData("         0     100000      65536\n", 20_000u)]
    [InlineData("         0     100000       1000\n      1000     200000      64536\n", 20_000u)]
    public void Of_EachSlot_HasTwoIdsThatTheHostHas(string map, uint first)
    {
        var ids = new UserIds(map);

        Assert.Equal(first, ids.Of(new UidRange(0)));
        Assert.Equal(first + 2, ids.Of(new UidRange(1)));
        Assert.True(ids.Of(new UidRange(UidRange.Slots - 1)) + 1 < (first == 20_000 ? 65_536u : uint.MaxValue));
    }

    [Fact]
    public void Of_LargeHost_IsOutsideTheRangesOfContainers() =>
        Assert.True(new UserIds("0 0 4294967295\n").Of(new UidRange(0)) > new UidRange(UidRange.Slots - 1).ToHost(UidRange.Length - 1));
}
