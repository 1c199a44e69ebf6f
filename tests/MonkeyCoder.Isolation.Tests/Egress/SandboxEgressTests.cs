using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class SandboxEgressTests
{
    private static EgressPolicy Echo { get; } = new() { AllowedNetworks = [new NetworkRule(IPNetwork.Parse("93.184.0.0/16"), PortSet.AllButMail)] };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SetPolicy_ConnectionThatIsNoLongerAllowed_IsReset()
    {
        await using var proxy = new ProxyFixture(Echo);
        using var client = await ConnectAsync(proxy, "93.184.215.14:7777");

        proxy.Egress.SetPolicy(EgressPolicy.DenyAll);

        Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
    }

    [Fact]
    public async Task SetPolicy_ConnectionThatIsStillAllowed_GoesOn()
    {
        await using var proxy = new ProxyFixture(Echo);
        using var client = await ConnectAsync(proxy, "93.184.215.14:7777");

        proxy.Egress.SetPolicy(Echo with { DeniedNetworks = [IPNetwork.Parse("93.185.0.0/16")] });

        await ProxyFixture.SendAsync(client, "ping\n");
        Assert.Equal("ping\n", await ProxyFixture.ReadUntilAsync(client, "ping\n"));
    }

    [Fact]
    public async Task SetPolicy_MoreIsAllowed_HoldsForTheNextConnection()
    {
        await using var proxy = new ProxyFixture(EgressPolicy.DenyAll);
        const string Request = "GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n";
        Assert.StartsWith("HTTP/1.1 403", await proxy.TalkAsync(Request), StringComparison.Ordinal);

        proxy.Egress.SetPolicy(FakeInternet.ExamplePolicy);

        Assert.StartsWith("HTTP/1.1 200", await proxy.TalkAsync(Request), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_MoreThanTheMost_AreReset()
    {
        await using var proxy = new ProxyFixture(Echo, new EgressOptions { MaxConnections = 3, NewConnectionsPerSecond = 1000 });
        var clients = new List<System.Net.Sockets.Socket>();
        for (var i = 0; i < 3; i++) clients.Add(await ConnectAsync(proxy, "93.184.215.14:7777"));

        Assert.Equal("<reset>", await proxy.TalkAsync(""));
        Assert.Equal(3, proxy.Egress.Connections);
        Assert.Equal(1, proxy.Egress.RefusedConnections);
        Assert.Equal("limit", Assert.Single(proxy.Internet.Refusals).Reason);
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task Connections_MoreNewOnesThanTheRate_WaitAndThatIsMeasured()
    {
        await using var proxy = new ProxyFixture(Echo, new EgressOptions { NewConnectionsPerSecond = 10 });
        var clients = new List<System.Net.Sockets.Socket>();
        for (var i = 0; i < 10; i++) clients.Add(await ConnectAsync(proxy, "93.184.215.14:7777"));

        clients.AddRange(await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => ConnectAsync(proxy, "93.184.215.14:7777"))));

        Assert.True(proxy.Egress.ConnectionDelay > TimeSpan.Zero);
        Assert.Equal(0, proxy.Egress.RefusedConnections);
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task Connections_MoreThanTheNodeCarries_AreResetWhoeverHasTheOthers()
    {
        using var internet = new FakeInternet();
        await using var gateway = new EgressGateway(
            internet.Parts with { Options = new EgressOptions { MaxConnections = 3, MaxNodeConnections = 4, NewConnectionsPerSecond = 1000 } },
            TimeProvider.System, NullLogger.Instance);
        await using var first = new ProxyFixture(gateway, internet, Echo);
        await using var second = new ProxyFixture(gateway, internet, Echo);
        var clients = new List<System.Net.Sockets.Socket>();
        for (var i = 0; i < 3; i++) clients.Add(await ConnectAsync(first, "93.184.215.14:7777"));
        clients.Add(await ConnectAsync(second, "93.184.215.14:7777"));

        Assert.Equal("<reset>", await second.TalkAsync(""));
        Assert.Equal(("node_limit", second.Egress.Id), (Assert.Single(internet.Refusals).Reason, internet.Refusals.Single().Sandbox));

        // A place that is given back is somebody else's.
        first.Egress.SetPolicy(EgressPolicy.DenyAll);
        foreach (var client in clients[..3]) Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
        await first.Egress.DisposeAsync();
        for (var i = 0; i < 2; i++) clients.Add(await ConnectAsync(second, "93.184.215.14:7777"));
        Assert.Equal(3, second.Egress.Connections);
        foreach (var client in clients) client.Dispose();
    }

    [Fact]
    public async Task Relay_ClientThatHalfCloses_GetsTheRest()
    {
        await using var proxy = new ProxyFixture(Echo);
        using var client = await ConnectAsync(proxy, "93.184.215.14:7777");

        await ProxyFixture.SendAsync(client, new string('x', 300_000));
        client.Shutdown(System.Net.Sockets.SocketShutdown.Send);

        Assert.Equal(300_000, (await ProxyFixture.ReadToEndAsync(client)).Length);
        Assert.True(proxy.Egress.Bytes >= 600_000);
    }

    [Fact]
    public async Task CloseIdle_ConnectionWithoutTraffic_IsReset()
    {
        await using var proxy = new ProxyFixture(Echo, new EgressOptions { IdleTimeout = TimeSpan.Zero });
        using var client = await ConnectAsync(proxy, "93.184.215.14:7777");

        proxy.Egress.CloseIdle();

        Assert.Equal("<reset>", await ProxyFixture.ReadToEndAsync(client));
    }

    [Fact]
    public async Task PassAsync_MoreThanTheBandwidth_WaitsForItsTime()
    {
        using var internet = new FakeInternet();
        var time = new MonkeyCoder.Testing.ManualTimeProvider();
        await using var gateway = new EgressGateway(internet.Parts, time, NullLogger.Instance);
        // A megabyte a second; a quarter of it at once.
        await using var egress = gateway.Open(SandboxId.New(), null, networkMbps: 8);

        Assert.True(egress.PassAsync(250_000, outwards: true).IsCompleted);
        var waits = egress.PassAsync(100_000, outwards: true);
        Assert.False(waits.IsCompleted);
        Assert.True(egress.PassAsync(250_000, outwards: false).IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(100));
        await waits.WaitAsync(Token);

        Assert.Equal(600_000, egress.Bytes);
        Assert.Equal(TimeSpan.FromMilliseconds(100), egress.TrafficDelay);
    }

    [Fact]
    public async Task Track_WorkOfASandbox_KnowsNothingOfWhoStartedIt()
    {
        await using var proxy = new ProxyFixture();
        var request = new AsyncLocal<string?> { Value = "a request" };
        var seen = new TaskCompletionSource<string?>();

        proxy.Egress.Track(() =>
        {
            seen.SetResult(request.Value);
            return Task.CompletedTask;
        });

        Assert.Null(await seen.Task.WaitAsync(Token));
        Assert.Equal("a request", request.Value);
    }

    [Fact]
    public void TokenBucket_MoreThanTheRate_IsToldHowLongToWait()
    {
        var time = new MonkeyCoder.Testing.ManualTimeProvider();
        var bucket = new TokenBucket(10, 5, time);

        Assert.Equal(TimeSpan.Zero, bucket.Take(5));
        Assert.Equal(TimeSpan.FromSeconds(2), bucket.Take(20));
        Assert.False(bucket.TryTake(1));
        time.Advance(TimeSpan.FromSeconds(2.1));
        Assert.True(bucket.TryTake(1));
        Assert.False(bucket.TryTake(1));
    }

    [Fact]
    public void TokenBucket_SeveralThatWaitAtOnce_CountTheTimeOnce()
    {
        var time = new MonkeyCoder.Testing.ManualTimeProvider();
        var bucket = new TokenBucket(10, 0, time);

        bucket.Take(10);
        bucket.Take(10);
        Assert.Equal(TimeSpan.Zero, bucket.Waited);
        time.Advance(TimeSpan.FromSeconds(1.5));
        Assert.Equal(TimeSpan.FromSeconds(1.5), bucket.Waited);
        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(TimeSpan.FromSeconds(2), bucket.Waited);
    }

    private static async Task<System.Net.Sockets.Socket> ConnectAsync(ProxyFixture proxy, string destination)
    {
        var client = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(client, $"CONNECT {destination} HTTP/1.1\r\nHost: {destination}\r\n\r\n");
        await ProxyFixture.ReadUntilAsync(client, "hello\n");
        return client;
    }
}
