using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class EgressDoorTests : IAsyncLifetime
{
    private const string Request = "GET http://example.com/a HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n";

    private readonly FakeInternet _internet = new();
    private readonly EgressDoor _door = EgressDoor.Open();
    private EgressGateway _gateway = null!;
    private SandboxEgress _egress = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _gateway = new EgressGateway(_internet.Parts, TimeProvider.System, NullLogger.Instance);
        _egress = _gateway.Open(SandboxId.New(), null, networkMbps: 1000);
        _egress.SetPolicy(FakeInternet.ExamplePolicy);
        _egress.Serve(_door);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _egress.DisposeAsync();
        _door.Dispose();
        await _gateway.DisposeAsync();
        _internet.Dispose();
    }

    [Theory]
    [InlineData("127.0.0.1", 3128, Request)] // the explicit proxy
    [InlineData("93.184.215.14", 80, "GET /a HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")]
    public async Task Connection_WithTheSecret_IsServedAlsoWhereAllComesAtOnce(string address, int port, string request)
    {
        var together = await TalkAsync(_door.Secret.ToArray(), address, port, request, pause: false);
        var apart = await TalkAsync(_door.Secret.ToArray(), address, port, request, pause: true);

        Assert.Contains("answer from 93.184.215.14:80", together, StringComparison.Ordinal);
        Assert.Contains("answer from 93.184.215.14:80", apart, StringComparison.Ordinal);
        Assert.Empty(_internet.Refusals);
    }

    [Fact]
    public async Task Connection_WithAnotherSecretOrAnotherForm_IsRefused()
    {
        var other = _door.Secret.ToArray();
        other[^1] ^= 1;

        Assert.DoesNotContain("answer", await TalkAsync(other, "127.0.0.1", 3128, Request, pause: false), StringComparison.Ordinal);
        Assert.DoesNotContain("answer", await TalkAsync(_door.Secret.ToArray(), "93.184.215.14", 0, Request, pause: false), StringComparison.Ordinal);
        Assert.DoesNotContain("answer", await SendAsync(Request.Select(static c => (byte)c), [], pause: false), StringComparison.Ordinal);
        Assert.Equal(3, _internet.Refusals.Count(static refusal => refusal.Reason == EgressReasons.BadRequest));
        Assert.Empty(_internet.Dialed);
    }

    private Task<string> TalkAsync(byte[] secret, string address, int port, string request, bool pause)
    {
        var preface = new byte[GatePreface.Bytes];
        GatePreface.Write(preface, IPAddress.Parse(address).GetAddressBytes(), (ushort)port, secret);
        return SendAsync(preface, request.Select(static c => (byte)c), pause);
    }

    private async Task<string> SendAsync(IEnumerable<byte> first, IEnumerable<byte> then, bool pause)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, _door.Port, Token);
        if (pause)
        {
            await socket.SendAsync(first.ToArray(), Token);
            await socket.SendAsync(then.ToArray(), Token);
        }
        else
        {
            await socket.SendAsync(first.Concat(then).ToArray(), Token);
        }

        return await ProxyFixture.ReadToEndAsync(socket);
    }
}
