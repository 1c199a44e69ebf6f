using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Agent.Tests.Connections;

public sealed class OutputPaceTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void MillisecondsToWait_FirstPieces_AreFree()
    {
        var pace = new OutputPace(_time);
        for (var i = 0; i < OutputPace.Burst; i++)
        {
            pace.Spend();
            Assert.Equal(0, pace.MillisecondsToWait());
        }

        pace.Spend();
        Assert.Equal(1, pace.MillisecondsToWait());
    }

    [Fact]
    public void MillisecondsToWait_AfterTheWait_OneMoreIsFree()
    {
        var pace = new OutputPace(_time);
        for (var i = 0; i <= OutputPace.Burst; i++) pace.Spend();

        _time.Advance(TimeSpan.FromMilliseconds(pace.MillisecondsToWait()));
        Assert.Equal(0, pace.MillisecondsToWait());
        pace.Spend();

        Assert.Equal(1, pace.MillisecondsToWait());
    }

    [Fact]
    public void MillisecondsToWait_AfterALongSilence_TheBurstIsThereAgainAndNoMore()
    {
        var pace = new OutputPace(_time);
        for (var i = 0; i <= OutputPace.Burst; i++) pace.Spend();

        _time.Advance(TimeSpan.FromHours(1));
        for (var i = 0; i < OutputPace.Burst; i++) pace.Spend();
        Assert.Equal(0, pace.MillisecondsToWait());
        pace.Spend();

        Assert.Equal(1, pace.MillisecondsToWait());
    }
}
