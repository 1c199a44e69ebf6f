using System.Text.Json;
using MonkeyCoder.Client;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests.Tiers;

/// <summary>
/// The service as a container platform runs it: root without the capability that namespaces, mounts and cgroups take. What it has is
/// what Docker leaves to root by default.
/// </summary>
public sealed class UnprivilegedTierTests
{
    private const string Capabilities =
        "-all,+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Api_WithoutNamespaces_WorksAndLeavesNothing()
    {
        await using var node = new NodeUnderTest
        {
            Settings = { ["SANDBOX_TIER"] = "unprivileged", ["SANDBOX_POOL_SIZE"] = "1" },
            Wrapper = ["/usr/bin/setpriv", "--bounding-set", Capabilities, "--inh-caps", "-all"],
        };
        await node.InitializeAsync();
        var status = await File.ReadAllTextAsync($"/proc/{node.ProcessId}/status", Token);
        Assert.Contains("CapEff:\t00000000a80425fb", status, StringComparison.Ordinal);

        await ApiTour.RunAsync(node, canPause: false);

        await NoNetworkAsync(node);
        await HealthAsync(node);
        // Disposing stops the service and looks for what it left.
    }

    [Fact]
    public async Task KillNine_NextStart_RemovesWhatWasLeft()
    {
        await using var node = new NodeUnderTest { Settings = { ["SANDBOX_TIER"] = "unprivileged", ["SANDBOX_POOL_SIZE"] = "1" } };
        await node.InitializeAsync();
        using (var client = node.NewClient())
        {
            var sandbox = await client.CreateAsync(null, Token);
            await sandbox.StartCommandAsync("setsid sleep 1000 & sleep 1000", null, Token);
            await node.KillAsync();
        }

        Assert.Contains(node.Leftovers.List(serviceRuns: true), static thing => thing.StartsWith("process", StringComparison.Ordinal));
        await node.StartAsync();
        using var again = node.NewClient();
        await using var fresh = await again.CreateAsync(null, Token);
        Assert.Equal("2", (await fresh.RunCellAsync("1 + 1", null, Token)).Text);
    }

    private static async Task NoNetworkAsync(NodeUnderTest node)
    {
        using var client = node.NewClient();
        await using var sandbox = await client.CreateAsync(null, Token);
        var tried = await sandbox.RunCellAsync(
            $"""
            import socket
            try:
                s = socket.create_connection(('127.0.0.1', {node.Port}), 20)
                s.sendall(b'GET /sandbox/health HTTP/1.1\r\nHost: localhost\r\n\r\n')
                print(s.recv(100) or 'ended')
            except ConnectionError: print('ended')
            try: socket.socket(socket.AF_INET6)
            except OSError as e: print(e.errno)
            """,
            null, Token);
        Assert.Equal("ended\n97\n", string.Concat(tried.Logs.Stdout));
        await using var log = new FileStream(node.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(log);
        // That it comes to the gateway, and is an event there, is what shows that capabilities of containers are enough.
        Assert.Contains($"127.0.0.1 port {node.Port}", await reader.ReadToEndAsync(Token), StringComparison.Ordinal);
    }

    private static async Task HealthAsync(NodeUnderTest node)
    {
        using var http = new HttpClient { BaseAddress = node.Address };
        var health = JsonDocument.Parse(await http.GetStringAsync(new Uri("/sandbox/health", UriKind.Relative), Token)).RootElement;
        Assert.Equal("unprivileged", health.GetProperty("tier").GetString());
        Assert.Contains("without namespaces", health.GetProperty("warning").GetString(), StringComparison.Ordinal);
        await using var log = new FileStream(node.LogFile, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(log);
        Assert.Contains("Isolation tier unprivileged", await reader.ReadToEndAsync(Token), StringComparison.Ordinal);
    }
}
