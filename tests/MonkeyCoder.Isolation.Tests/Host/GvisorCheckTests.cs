using MonkeyCoder.Isolation.Host;

namespace MonkeyCoder.Isolation.Tests.Host;

public sealed class GvisorCheckTests
{
    [Theory]
    [InlineData("runsc version release-20260105.0\nspec: 1.1.0\n", HostVerdict.Ok)]
    [InlineData("runsc version 0.0~20221219.0\nspec: 1.0.2-dev\n", HostVerdict.Warn)]
    [InlineData("runsc version unknown\n", HostVerdict.Warn)]
    public void Check_Version_OldOnesWarn(string text, HostVerdict verdict) => Assert.Equal(verdict, GvisorCheck.Check(text).Verdict);

    [Fact]
    public void Run_NotInstalled_Fails()
    {
        var fact = GvisorCheck.Run("/nowhere/runsc");

        Assert.Equal(HostVerdict.Fail, fact.Verdict);
        Assert.Contains("Install runsc", fact.Advice, StringComparison.Ordinal);
    }
}
