using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Host;

public sealed class UnprivilegedCheckTests
{
    [Theory]
    [InlineData("Name:\tx\nCapEff:\t000001ffffffffff\n", "")]
    [InlineData("CapEff:\t00000000a80425fb\n", "")]
    [InlineData("CapEff:\t00000000a00425db\n", "KILL, MKNOD")]
    [InlineData("CapEff:\t0000000000000000\n", "CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, SYS_CHROOT, MKNOD")]
    [InlineData("Name:\tx\n", "CHOWN, DAC_OVERRIDE, FOWNER, KILL, SETGID, SETUID, SYS_CHROOT, MKNOD")]
    public void MissingCapabilities_OfAStatus_AreNamed(string status, string missing) =>
        Assert.Equal(missing, UnprivilegedCheck.MissingCapabilities(status));

    [Fact]
    [Trait("Needs", "root")]
    public void Run_EachTier_IsReportedAndTheChosenOneWarns()
    {
        var directory = Directory.CreateTempSubdirectory("mk-").FullName;
        var facts = HostCheck.Run(new EngineOptions
        {
            StateDirectory = Path.Combine(directory, "state"), CacheDirectory = Path.Combine(directory, "cache"), Tier = IsolationTier.Unprivileged,
        });

        Assert.Equal(HostVerdict.Ok, facts.Single(fact => fact.Name == "links and devices").Verdict);
        var chosen = facts.Single(fact => fact.Name == "tier unprivileged");
        Assert.Equal(HostVerdict.Warn, chosen.Verdict);
        Assert.Contains("chosen; can run here", chosen.Value, StringComparison.Ordinal);
        Assert.Contains("without namespaces", chosen.Advice, StringComparison.Ordinal);
        Assert.Contains("can run here", facts.Single(fact => fact.Name == "tier container").Value, StringComparison.Ordinal);
        Directory.Delete(directory, recursive: true);
    }
}
