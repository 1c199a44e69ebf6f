using System.Globalization;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Launch;

[Trait("Needs", "root")]
public sealed class NativeLauncherTests
{
    [Fact]
    public async Task AcquireAsync_HelperHasDied_StartsAnother()
    {
        await using var fixture = await EngineFixture.StartAsync();
        await using var before = await fixture.AcquireAsync(SandboxProfile.Strict);
        var helper = Assert.Single(Helpers(fixture));

        Assert.Equal(0, Libc.TryKill(helper, Libc.SIGKILL));
        await using var after = await fixture.AcquireAsync(SandboxProfile.Strict);

        Assert.Equal("1\n", (await after.RunAsync("echo 1")).Output);
        Assert.Equal("1\n", (await before.RunAsync("echo 1")).Output);
        Assert.NotEqual(helper, Assert.Single(Helpers(fixture)));
    }

    [Fact]
    public async Task AcquireAsync_HelperIsStopped_IsReplacedOrFailsInTimeAndLeavesNothing()
    {
        await using var fixture = await EngineFixture.StartAsync(static options => options.LaunchTimeout = TimeSpan.FromSeconds(40));
        await (await fixture.AcquireAsync(SandboxProfile.Strict)).DisposeAsync();

        Assert.Equal(0, Libc.TryKill(Assert.Single(Helpers(fixture)), Libc.SIGSTOP));
        await (await fixture.AcquireAsync(SandboxProfile.Strict)).DisposeAsync();

        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
    }

    [Fact]
    public async Task DisposeAsync_Engine_EndsTheHelper()
    {
        int helper;
        await using (var fixture = await EngineFixture.StartAsync())
        {
            await (await fixture.AcquireAsync(SandboxProfile.Strict)).DisposeAsync();
            helper = Assert.Single(Helpers(fixture));
        }

        Assert.False(Directory.Exists($"/proc/{helper}"));
    }

    private static int[] Helpers(EngineFixture fixture) =>
        [.. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(static name => name!.All(char.IsAsciiDigit))
            .Where(name => CommandLine(name!).Contains($"\0--launch\0--root\0{fixture.Paths.RuntimeRoot}", StringComparison.Ordinal))
            .Select(static name => int.Parse(name!, CultureInfo.InvariantCulture))];

    private static string CommandLine(string pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
