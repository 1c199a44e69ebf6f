namespace MonkeyCoder.Linux.Tests;

public sealed class LibcLandlockTests
{
    [Theory]
    [InlineData(1, 13)]
    [InlineData(2, 14)]
    [InlineData(3, 15)]
    [InlineData(4, 15)]
    [InlineData(5, 16)]
    [InlineData(9, 16)]
    public void HandledAccess_EachVersion_HasTheRightsItKnows(int version, int rights) =>
        Assert.Equal((1UL << rights) - 1, Libc.HandledAccess(version));
}
