using MonkeyCoder.Isolation.Tests.Reclaim;
using MonkeyCoder.Isolation.Tests.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Zygotes;

[Trait("Needs", "root")]
public sealed class ZygoteReclaimTests
{
    [Fact]
    public async Task StartAsync_PredecessorKilledWithAZygote_LeavesNothingOfIt()
    {
        await using var fixture = new EngineFixture();
        using (var crashing = await CrashingEngine.StartAsync(
            Path.GetDirectoryName(fixture.Options.StateDirectory)!, sandboxes: 1, TestContext.Current.CancellationToken, zygote: true))
            await crashing.KillAsync();

        await fixture.InitializeAsync();

        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
    }
}
