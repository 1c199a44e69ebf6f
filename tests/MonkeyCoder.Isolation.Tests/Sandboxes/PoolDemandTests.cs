using MonkeyCoder.Testing;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

public sealed class PoolDemandTests
{
    private static readonly TimeSpan Memory = TimeSpan.FromSeconds(60);

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void Target_NobodyAsks_IsTheLeast() => Assert.Equal(2, New(2, 10).Target);

    [Fact]
    public void Target_Burst_IsAsManyAsWereAskedForInASecond()
    {
        var demand = New(2, 100);

        Ask(demand, 40);

        Assert.Equal(40, demand.Target);
    }

    [Fact]
    public void Target_MoreThanTheMost_IsTheMost()
    {
        var demand = New(2, 10);

        Ask(demand, 40);

        Assert.Equal(10, demand.Target);
    }

    [Fact]
    public void Target_SteadyDemand_IsThatOfTheBusiestSecond()
    {
        var demand = New(0, 100);

        foreach (var asked in new[] { 3, 7, 5 })
        {
            Ask(demand, asked);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(7, demand.Target);
    }

    [Fact]
    public void Target_AfterABurst_FallsToTheNextBusiestAndThenToTheLeast()
    {
        var demand = New(1, 100);
        Ask(demand, 40);
        _time.Advance(TimeSpan.FromSeconds(30));
        Ask(demand, 5);

        _time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal(5, demand.Target);
        _time.Advance(TimeSpan.FromSeconds(30));
        Assert.Equal(1, demand.Target);
    }

    private static void Ask(PoolDemand demand, int times)
    {
        for (var i = 0; i < times; i++) demand.Add();
    }

    private PoolDemand New(int least, int most) => new(least, most, Memory, _time);
}
