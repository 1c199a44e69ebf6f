using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Reclaim;

[Trait("Needs", "root")]
public sealed class StartupReclaimTests
{
    private const int Kills = 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task StartAsync_PredecessorKilledWithTwentySandboxes_LeavesNothingOfThem()
    {
        await using var fixture = new EngineFixture();
        using (var crashing = await CrashingEngine.StartAsync(Path.GetDirectoryName(fixture.Options.StateDirectory)!, sandboxes: 20, Token))
            await crashing.KillAsync();
        Assert.NotEmpty(Leftovers.Find(fixture.Paths, running: true));

        await fixture.InitializeAsync();

        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict);
        Assert.Equal("works\n", (await sandbox.RunAsync("echo works")).Output);
    }

    [Fact]
    public async Task StartAsync_PredecessorsKilledAtAnyMoment_LeavesNothingOfThem()
    {
        await using var fixture = new EngineFixture();
        for (var kill = 0; kill < Kills; kill++)
        {
            // Each first removes what the one before has left. Later each time, so that over all of them every step of a launch
            // and of a removal is hit.
            using var crashing = await CrashingEngine.StartAsync(Path.GetDirectoryName(fixture.Options.StateDirectory)!, sandboxes: 0, Token);
            await Task.Delay(TimeSpan.FromMilliseconds(7 * kill), Token);
            await crashing.KillAsync();
        }

        await fixture.InitializeAsync();

        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
    }

    [Fact]
    public async Task Cycles_AHundredSandboxes_LeaveNothing()
    {
        await using var fixture = await EngineFixture.StartAsync();
        var descriptors = OpenDescriptors();

        for (var i = 0; i < 50; i++)
        {
            await using var strict = await fixture.AcquireAsync(SandboxProfile.Strict);
            await using var workspace = await fixture.AcquireAsync(SandboxProfile.Workspace);
            Assert.Equal("1\n", (await strict.RunAsync("echo 1")).Output);
        }

        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
        // The mapped layers of two uid ranges stay open; nothing may grow with the number of sandboxes.
        Assert.InRange(OpenDescriptors(), 0, descriptors + 40);
    }

    private static int OpenDescriptors() => Directory.GetFileSystemEntries("/proc/self/fd").Length;
}
