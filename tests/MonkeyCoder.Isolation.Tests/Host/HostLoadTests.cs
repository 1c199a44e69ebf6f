using MonkeyCoder.Isolation.Host;

namespace MonkeyCoder.Isolation.Tests.Host;

public sealed class HostLoadTests
{
    [Fact]
    public void ReadRunnable_CountsTheCallerAtLeast() => Assert.InRange(HostLoad.ReadRunnable(), 1, 100_000);
}
