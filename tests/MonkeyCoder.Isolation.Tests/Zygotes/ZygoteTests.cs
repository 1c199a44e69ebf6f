using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Zygotes;

[Trait("Needs", "root")]
public sealed class ZygoteTests(ZygoteFixture fixture) : IClassFixture<ZygoteFixture>
{
    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task Fork_Profile_RunsCells(SandboxProfile profile)
    {
        await using var sandbox = await fixture.Engine.AcquireAsync(profile);
        await fixture.OpenForkedAsync(sandbox);

        Assert.Equal("3\n", await ZygoteFixture.RunAsync(sandbox, "forked", "import pandas; print(pandas.Series([1, 2]).sum())"));
    }
}
