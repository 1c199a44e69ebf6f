namespace MonkeyCoder.Security.Tests.Corpus;

/// <summary>The judge can say no.</summary>
public sealed class JudgeTests
{
    private static readonly CorpusCase Plain = new() { Id = "TST-001", Where = "sandbox-shell", Attempt = "", Expect = "it is refused" };
    private static readonly CorpusCase Killed = Plain with { Expect = "killed or refused" };

    [Theory]
    [InlineData("HELD\n", null, Verdict.Held)]
    [InlineData("noise\n  HELD \n", "exit status 3", Verdict.Held)]
    [InlineData("BREACH\n", null, Verdict.Breach)]
    [InlineData("HELD\nBREACH\n", null, Verdict.Breach)]
    [InlineData("BREACH\nHELD\n", null, Verdict.Breach)]
    [InlineData("BREACH ['chroot']\n", null, Verdict.Breach)]
    [InlineData("SKIP no unshare\n", null, Verdict.Skipped)]
    [InlineData("", null, Verdict.Inconclusive)]
    [InlineData("print('HELD')\n", "exit status 1", Verdict.Inconclusive)]
    [InlineData("", "signal: killed", Verdict.Inconclusive)]
    public void Of_Outcome_SaysWhatStdoutSays(string stdout, string? end, Verdict expected) =>
        Assert.Equal(expected, Judge.Of(Plain, new Outcome(stdout, end, "BREACH")));

    [Fact]
    public void Of_Killed_HoldsOnlyWhereTheCaseWantsIt()
    {
        Assert.Equal(Verdict.Held, Judge.Of(Killed, new Outcome("", "signal: killed", "")));
        Assert.Equal(Verdict.Breach, Judge.Of(Killed, new Outcome("BREACH\n", "signal: killed", "")));
        Assert.Equal(Verdict.Inconclusive, Judge.Of(Killed, new Outcome("", "exit status 1", "")));
    }

    [Theory]
    [InlineData("BREACH\n")]
    [InlineData("SKIP gvisor\n")]
    [InlineData("")]
    public void AssertHeld_AnythingElse_Fails(string stdout) =>
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Judge.AssertHeld(Plain, new Outcome(stdout, null, "")));
}
