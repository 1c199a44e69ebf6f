using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class DnsServiceTests : IAsyncLifetime
{
    private readonly FakeInternet _internet = new();
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly Socket _client = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly CancellationTokenSource _stopping = new();
    private readonly EgressGateway _gateway;
    private readonly SandboxEgress _egress;
    private Task _serving = Task.CompletedTask;

    public DnsServiceTests()
    {
        _gateway = new EgressGateway(_internet.Parts with { Options = new EgressOptions { DnsQueriesPerSecond = 20 } }, TimeProvider.System, NullLogger.Instance);
        _egress = _gateway.Open(SandboxId.New(), null, 100);
        _egress.SetPolicy(FakeInternet.ExamplePolicy);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        await _client.ConnectAsync(_server.LocalEndPoint!, Token);
        _serving = new DnsService(_egress).RunDatagramsAsync(_server, _stopping.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _egress.DisposeAsync();
        await _gateway.DisposeAsync();
        _server.Dispose();
        _client.Dispose();
        _stopping.Dispose();
        _internet.Dispose();
    }

    [Fact]
    public async Task Query_AllowedName_HasItsAddresses()
    {
        var answer = await AskAsync("example.com", DnsType.A);

        Assert.Equal([FakeInternet.ExampleAddress], answer.Addresses.Select(address => address.ToString()));
        Assert.InRange(answer.TimeToLive, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Theory]
    [InlineData("cafebabe.exfil.test")]
    [InlineData("attacker.org")]
    [InlineData("169.254.169.254.nip.io")]
    [InlineData("metadata.google.internal")]
    [InlineData("example.com.attacker.org")]
    [InlineData("localhost")]
    public async Task Query_OtherName_DoesNotExistAndIsNotForwarded(string name)
    {
        Assert.Equal(DnsStatus.NoSuchName, (await AskAsync(name, DnsType.A)).Status);

        Assert.Empty(_internet.Lookups);
        Assert.Single(_internet.Refusals);
    }

    [Fact]
    public async Task Query_NameWithASpecialAddress_DoesNotExist()
    {
        _internet.Add("mixed.pypi.org", "151.101.0.223", "10.0.0.5");

        var answer = await AskAsync("mixed.pypi.org", DnsType.A);

        Assert.Equal((DnsStatus.NoSuchName, 0), (answer.Status, answer.Addresses.Count));
    }

    [Fact]
    public async Task Query_OtherRecords_AreNotForwarded()
    {
        const DnsType Txt = (DnsType)16;

        var answers = new[] { await AskAsync("example.com", Txt), await AskAsync("example.com", DnsType.Aaaa) };

        Assert.All(answers, answer => Assert.Equal((DnsStatus.Ok, 0), (answer.Status, answer.Addresses.Count)));
        Assert.Empty(_internet.Lookups);
    }

    [Fact]
    public async Task Query_MoreThanTheRate_IsRefusedAndServiceGoesOn()
    {
        for (var i = 0; i < 200; i++) await _client.SendAsync(new byte[] { 1, 2, 3 }, Token);
        var statuses = new List<DnsStatus>();
        for (var i = 0; i < 100; i++) statuses.Add((await AskAsync("example.com", DnsType.Aaaa)).Status);

        Assert.Contains(DnsStatus.Ok, statuses);
        Assert.Contains(DnsStatus.Refused, statuses);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Datagrams_AFloodOfThem_AreDroppedByTheKernelAndNotByTheNode(bool queries)
    {
        var datagram = queries ? DnsMessage.WriteQuery(7, "attacker.org", DnsType.A) : [1, 2, 3];
        const int Count = 20_000;

        for (var i = 0; i < Count; i++) await _client.SendAsync(datagram, Token);
        // Whoever reads on as fast as they come has emptied the socket by now, or is about to.
        await Task.Delay(TimeSpan.FromMilliseconds(200), Token);

        Assert.True(_server.Available > 0);
        Assert.InRange(_internet.Refusals.Count, 0, Count / 10);
    }

    private async Task<DnsAnswer> AskAsync(string name, DnsType type)
    {
        await _client.SendAsync(DnsMessage.WriteQuery(7, name, type), Token);
        var buffer = new byte[512];
        while (true)
        {
            var count = await _client.ReceiveAsync(buffer, Token);
            if (DnsMessage.ReadAnswer(buffer.AsSpan(0, count), 7, name, type) is { } answer) return answer;
        }
    }
}
