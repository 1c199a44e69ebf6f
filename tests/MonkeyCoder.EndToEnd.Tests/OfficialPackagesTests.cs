using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>The unmodified npm packages against the service.</summary>
[Collection(NodeCollection.Name)]
public sealed class OfficialPackagesTests(NodeUnderTest node)
{
    [Fact]
    public async Task EveryScript_AgainstTheService_Passes()
    {
        var (failed, output) = await OfficialScripts.RunAsync(node, TestContext.Current.CancellationToken);
        Assert.True(failed.Count == 0, output);
    }
}
