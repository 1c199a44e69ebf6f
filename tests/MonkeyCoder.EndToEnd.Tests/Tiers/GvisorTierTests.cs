using System.Text.Json;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests.Tiers;

/// <summary>The service with gVisor as its runtime, in the version that Debian has.</summary>
public sealed class GvisorTierTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Api_OnGvisor_WorksAndLeavesNothing()
    {
        await using var node = new NodeUnderTest { Settings = { ["SANDBOX_TIER"] = "gvisor", ["SANDBOX_POOL_SIZE"] = "1" } };
        await node.InitializeAsync();

        await ApiTour.RunAsync(node);

        using var http = new HttpClient { BaseAddress = node.Address };
        var health = JsonDocument.Parse(await http.GetStringAsync(new Uri("/sandbox/health", UriKind.Relative), Token)).RootElement;
        Assert.Equal("gvisor", health.GetProperty("tier").GetString());
        using var client = node.NewClient();
        await using var sandbox = await client.CreateAsync(null, Token);
        // gVisor's kernel and not the host's.
        Assert.DoesNotContain(Environment.OSVersion.Version.ToString(3), (await sandbox.RunCommandAsync("uname -r", null, Token)).Stdout, StringComparison.Ordinal);
        // Disposing stops the service and looks for what it left.
    }
}
