using MonkeyCoder.Agent.Processes;
using MonkeyCoder.Linux;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Agent.Tests.Processes;

public sealed class ExitLogTests
{
    [Fact]
    public void Find_WithinItsTime_ReturnsTheNewest()
    {
        var clock = new ManualTimeProvider();
        var log = new ExitLog(clock);
        log.Add("t", new ChildExit(5, 1, 0));
        clock.Advance(TimeSpan.FromSeconds(20));
        log.Add("t", new ChildExit(5, 2, 0));
        Assert.Equal(2, log.Find(5, null)!.Value.ExitCode);
        Assert.Equal(2, log.Find(0, "t")!.Value.ExitCode);
        Assert.Null(log.Find(6, "t"));
        Assert.Null(log.Find(0, null));
        clock.Advance(TimeSpan.FromSeconds(29));
        Assert.Equal(2, log.Find(5, null)!.Value.ExitCode);
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Null(log.Find(5, null));
    }
}
