using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

public sealed class SandboxEngineTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task AcquireAsync_EmptyPool_GivesASandboxThatAnswers(SandboxProfile profile)
    {
        await using var fixture = new EngineFixture();
        await fixture.Engine.StartAsync(Token);
        for (var i = 0; i < 2; i++)
        {
            await using var sandbox = await fixture.Engine.AcquireAsync(new SandboxSpec { Profile = profile }, Token);
            Assert.Equal("stand-in", (await sandbox.Agent.PingAsync(Token)).AgentVersion);
            await sandbox.DisposeAsync();
            Assert.Equal(SandboxExit.Killed, await sandbox.Exited);
        }
    }
}
