using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Tests.Executions;

public sealed class FeltLimitsTests
{
    private static readonly SandboxUsage Usage = new(TimeSpan.Zero, 0, 0, 0, 0, 1, 0, 0, 0, 0);

    [Theory]
    [InlineData("memory")]
    [InlineData("disk")]
    [InlineData("processes")]
    [InlineData("life")]
    public void Of_AKillByALimit_NamesIt(string limit) =>
        Assert.Equal([limit], FeltLimits.Of(new CellEnded(CellStatus.Killed, limit), cuts: null));

    [Theory]
    [InlineData("kernel_died")]
    [InlineData("sandbox_killed")]
    public void Of_AKillByOtherThings_NamesNone(string reason) =>
        Assert.Null(FeltLimits.Of(new CellEnded(CellStatus.Killed, reason), cuts: null));

    [Fact]
    public void Of_ATimeoutWithCutOutput_NamesBoth() => Assert.Equal(
        ["wall_time", "output"],
        FeltLimits.Of(new CellEnded(CellStatus.Timeout, Reason: null), [new OutputCut("stdout", "output_limit", 10, 5)]));

    [Fact]
    public void Of_OutputThatIsNotUtf8_IsNoLimit() =>
        Assert.Null(FeltLimits.Of(new CellEnded(CellStatus.Completed, Reason: null), [new OutputCut("stdout", "not_utf8", 10, 5)]));

    [Theory]
    [InlineData(0.9, false)]
    [InlineData(1.1, true)]
    public void Of_ACellThatHadToWaitForTheCpu_NamesItFromATenthOfItsTimeOn(double waited, bool named)
    {
        var measured = new CellMeasurement(
            TimeSpan.FromSeconds(10), Usage with { CpuThrottledTime = TimeSpan.FromSeconds(5) },
            Usage with { CpuThrottledTime = TimeSpan.FromSeconds(5 + waited) });

        var limits = FeltLimits.Of(new CellEnded(CellStatus.Completed, Reason: null) { Measured = measured }, cuts: null);

        Assert.Equal(named ? ["cpu"] : null, limits);
    }

    [Theory]
    [InlineData(0.9, 0, 0, null)]
    [InlineData(1.1, 0, 0, "bandwidth")]
    [InlineData(0, 0.9, 0, null)]
    [InlineData(0, 1.1, 0, "connections")]
    [InlineData(0, 0, 1, "connections")]
    public void Of_ACellThatFeltTheLimitsOfItsNetwork_NamesThem(double traffic, double connections, int refused, string? limit)
    {
        var before = Usage with
        {
            NetworkDelayedTime = TimeSpan.FromSeconds(5), ConnectionsDelayedTime = TimeSpan.FromSeconds(5), ConnectionsRefused = 7,
        };
        var measured = new CellMeasurement(TimeSpan.FromSeconds(10), before, before with
        {
            NetworkDelayedTime = TimeSpan.FromSeconds(5 + traffic),
            ConnectionsDelayedTime = TimeSpan.FromSeconds(5 + connections),
            ConnectionsRefused = 7 + refused,
        });

        var limits = FeltLimits.Of(new CellEnded(CellStatus.Completed, Reason: null) { Measured = measured }, cuts: null);

        Assert.Equal(limit is null ? null : [limit], limits);
    }
}
