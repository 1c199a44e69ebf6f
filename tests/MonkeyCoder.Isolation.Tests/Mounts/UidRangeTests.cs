using MonkeyCoder.Isolation.Mounts;

namespace MonkeyCoder.Isolation.Tests.Mounts;

public sealed class UidRangeTests
{
    [Fact]
    public void First_NeighbouringSlots_DoNotOverlap()
    {
        Assert.Equal(2_000_000u, new UidRange(0).First);
        Assert.Equal(new UidRange(0).First + UidRange.Length, new UidRange(1).First);
        Assert.Equal(2_001_001u, new UidRange(0).ToHost(1001));
    }

    [Fact]
    public void First_LastSlot_EndsBelowTheSignBit() =>
        Assert.True(new UidRange(UidRange.Slots - 1).ToHost(UidRange.Length - 1) < int.MaxValue);
}
