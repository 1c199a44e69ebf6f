using System.Text.Json;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests.Tiers;

/// <summary>The service with gVisor as its runtime, in the version that Debian has.</summary>
public sealed class GvisorTierTests
{
    // As docs/SECURITY-MODEL.md lists them; one that passes with a newer version comes off both lists.
    private static readonly string[] CannotDo =
    [
        "metadata is kept with a file",
        "an older package creates, connects, runs, writes and kills",
        "a watched directory tells of changes",
        "a terminal takes input, has a size, changes it and ends",
    ];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Api_OnGvisor_WorksAndLeavesNothing()
    {
        await using var node = NewNode();
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

    [Fact]
    public async Task OfficialPackages_OnGvisor_FailOnlyInWhatItCannotDo()
    {
        await using var node = NewNode();
        await node.InitializeAsync();

        var (failed, output) = await OfficialScripts.RunAsync(node, Token);

        Assert.True(CannotDo.Order().SequenceEqual(failed.Order()), output);
    }

    private static NodeUnderTest NewNode() =>
        new() { Settings = { ["SANDBOX_TIER"] = "gvisor", ["SANDBOX_POOL_SIZE"] = "1" } };
}
