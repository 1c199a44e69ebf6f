using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Egress;

/// <summary>The way out of a sandbox that is not there: its proxy listens on this machine's loopback, its internet is fake.</summary>
internal sealed class ProxyFixture : IAsyncDisposable
{
    private const string Reset = "<reset>";

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly EgressGateway? _own;

    public ProxyFixture(EgressPolicy? policy = null, EgressOptions? options = null, int networkMbps = 1000)
    {
        Internet = new FakeInternet();
        _own = new EgressGateway(Internet.Parts with { Options = options ?? new EgressOptions() }, TimeProvider.System, NullLogger.Instance);
        Egress = Serve(_own, policy ?? FakeInternet.ExamplePolicy, networkMbps);
    }

    /// <summary>Beside others behind one gateway, which the caller disposes after this, as it does the internet.</summary>
    public ProxyFixture(EgressGateway gateway, FakeInternet internet, EgressPolicy policy)
    {
        Internet = internet;
        Egress = Serve(gateway, policy, networkMbps: 1000);
    }

    public FakeInternet Internet { get; }

    public SandboxEgress Egress { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private SandboxEgress Serve(EgressGateway gateway, EgressPolicy policy, int networkMbps)
    {
        var egress = gateway.Open(SandboxId.New(), null, networkMbps);
        egress.SetPolicy(policy);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        egress.Serve(_listener, ProxyEntry.RunAsync);
        return egress;
    }

    /// <summary>A client of the proxy.</summary>
    public async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(_listener.LocalEndPoint!, Token);
        return socket;
    }

    /// <summary>What comes back for some bytes, until the other side ends; a reset is an end.</summary>
    public async Task<string> TalkAsync(string bytes)
    {
        try
        {
            using var socket = await ConnectAsync();
            await SendAsync(socket, bytes);
            return await ReadToEndAsync(socket);
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return Reset;
        }
    }

    public static async Task SendAsync(Socket socket, string bytes) => await socket.SendAsync(Encoding.Latin1.GetBytes(bytes), Token);

    /// <summary>All until the end; a reset is an end.</summary>
    public static async Task<string> ReadToEndAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            for (int count; (count = await socket.ReceiveAsync(buffer, Token)) > 0;) text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }
        catch (SocketException)
        {
            text.Append(Reset);
        }

        return text.ToString();
    }

    /// <summary>Until something has come.</summary>
    public static async Task<string> ReadUntilAsync(Socket socket, string end)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        while (!text.ToString().Contains(end, StringComparison.Ordinal))
        {
            var count = await socket.ReceiveAsync(buffer, Token);
            Assert.True(count > 0, $"The connection ended after: {text}");
            text.Append(Encoding.Latin1.GetString(buffer, 0, count));
        }

        return text.ToString();
    }

    public async ValueTask DisposeAsync()
    {
        await Egress.DisposeAsync();
        Assert.Equal(0, Egress.Connections);
        _listener.Dispose();
        if (_own is null) return;
        await _own.DisposeAsync();
        Internet.Dispose();
    }
}
