using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Host;

public sealed class HostCheckTests
{
    [Theory]
    [InlineData("runc version 1.1.5+ds1\ncommit: 1.1.5+ds1-1+deb12u1\n", HostVerdict.Warn)]
    [InlineData("runc version 1.2.8\n", HostVerdict.Ok)]
    [InlineData("runc version 1.3.2\n", HostVerdict.Warn)]
    [InlineData("runc version 1.3.3\n", HostVerdict.Ok)]
    [InlineData("runc version 1.4.0-rc.1\n", HostVerdict.Ok)]
    [InlineData("unknown\n", HostVerdict.Warn)]
    public void CheckRuntimeVersion_KnownVersions_TellsThePatched(string text, HostVerdict verdict) =>
        Assert.Equal(verdict, HostCheck.CheckRuntimeVersion(text).Verdict);

    [Fact]
    public void CheckKernel_TooOld_FailsWithTheVersionThatWouldDo()
    {
        Assert.Equal(HostVerdict.Ok, HostCheck.CheckKernel(new Version(6, 1)).Verdict);
        var fact = HostCheck.CheckKernel(new Version(5, 10));
        Assert.Equal(HostVerdict.Fail, fact.Verdict);
        Assert.Contains("5.19", fact.Advice, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Settings_WarnsOfTheBadOnesAndSkipsThoseThatAreNotThere()
    {
        var files = new Dictionary<string, string>
        {
            ["/proc/sys/kernel/kptr_restrict"] = "0", ["/proc/sys/kernel/dmesg_restrict"] = "1", ["/proc/sys/kernel/core_pattern"] = "|/bin/x",
            ["/proc/swaps"] = "Filename Type\n/dev/sda2 partition", ["/sys/kernel/mm/ksm/run"] = "0",
        };

        var facts = HostSettings.Run(path => files.GetValueOrDefault(path)).ToDictionary(fact => fact.Name);

        Assert.Equal(HostVerdict.Warn, facts["kernel.kptr_restrict"].Verdict);
        Assert.Equal(HostVerdict.Ok, facts["kernel.dmesg_restrict"].Verdict);
        Assert.Equal(HostVerdict.Warn, facts["kernel.core_pattern"].Verdict);
        Assert.Equal(HostVerdict.Warn, facts["swap"].Verdict);
        Assert.Equal(HostVerdict.Ok, facts["KSM"].Verdict);
        Assert.DoesNotContain("kernel.io_uring_disabled", facts.Keys);
        Assert.All(facts.Values, fact => Assert.Equal(fact.Verdict == HostVerdict.Ok, fact.Advice.Length == 0));
    }

    [Fact]
    [Trait("Needs", "root")]
    public void Run_ThisHost_HasNoFailAndLeavesNothing()
    {
        var cache = Path.Combine(Path.GetTempPath(), "cache-" + Path.GetRandomFileName());
        Directory.CreateDirectory(cache);

        var facts = HostCheck.Run(new EngineOptions { CacheDirectory = cache, StateDirectory = cache });

        Assert.DoesNotContain(facts, fact => fact.Verdict == HostVerdict.Fail);
        Assert.Empty(Directory.EnumerateFileSystemEntries(cache));
        Directory.Delete(cache);
    }
}
