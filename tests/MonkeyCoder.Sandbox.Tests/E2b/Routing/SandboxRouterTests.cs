using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace MonkeyCoder.Sandbox.Tests.E2b.Routing;

public sealed class SandboxRouterTests : IAsyncLifetime
{
    private E2bNode _node = null!;
    private WebApplication _inside = null!;
    private int _port;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await E2bNode.StartAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _inside = builder.Build();
        _inside.UseWebSockets();
        _inside.MapPost("/echo", static async (HttpContext context) =>
        {
            context.Response.Headers["X-Seen-Host"] = context.Request.Host.Value;
            context.Response.Headers["X-Seen-Token"] = context.Request.Headers["E2b-Traffic-Access-Token"];
            await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
        });
        _inside.MapGet("/hang", static async (HttpContext context) =>
        {
            await context.Response.WriteAsync("begun", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        _inside.Map("/socket", static async (HttpContext context) =>
        {
            using var socket = await context.WebSockets.AcceptWebSocketAsync();
            var buffer = new byte[100];
            var received = await socket.ReceiveAsync(buffer, context.RequestAborted);
            await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Text, true, context.RequestAborted);
        });
        await _inside.StartAsync(Cancelled);
        _port = new Uri(_inside.Urls.First()).Port;
    }

    public async ValueTask DisposeAsync()
    {
        await _node.DisposeAsync();
        await _inside.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task UserPort_ByHostOrByHeaders_IsProxied(bool byHost)
    {
        var sandbox = await _node.CreateAsync();
        using var request = byHost
            ? new HttpRequestMessage(HttpMethod.Post, "/echo")
            : E2bNode.To(sandbox, _port, HttpMethod.Post, "/echo");
        if (byHost) request.Headers.Host = $"{_port}-{sandbox.Id}.sandbox.test:8001";
        request.Content = new StringContent("hello");
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal("hello", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(byHost ? $"{_port}-{sandbox.Id}.sandbox.test:8001" : _node.Client.BaseAddress!.Authority, response.Headers.GetValues("X-Seen-Host").Single());
    }

    [Fact]
    public async Task UserPort_WithAMaskedHost_SeesTheMask()
    {
        var sandbox = await _node.CreateAsync("""{"templateID":"base","network":{"maskRequestHost":"localhost:${PORT}"}}""");
        using var request = E2bNode.To(sandbox, _port, HttpMethod.Post, "/echo", new StringContent(""));
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal($"localhost:{_port}", response.Headers.GetValues("X-Seen-Host").Single());
    }

    [Fact]
    public async Task UserPort_WebSocket_IsProxied()
    {
        var sandbox = await _node.CreateAsync();
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("E2b-Sandbox-Id", sandbox.Id);
        socket.Options.SetRequestHeader("E2b-Sandbox-Port", $"{_port}");
        await socket.ConnectAsync(new Uri($"ws://{_node.Client.BaseAddress!.Authority}/socket"), Cancelled);
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, true, Cancelled);
        var buffer = new byte[100];
        var received = await socket.ReceiveAsync(buffer, Cancelled);

        Assert.Equal("hello", Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    [Fact]
    public async Task UserPort_ThatIsClosed_Is502WithItsNumber()
    {
        using var unused = new TcpListener(IPAddress.Loopback, 0);
        unused.Start();
        var port = ((IPEndPoint)unused.LocalEndpoint).Port;
        unused.Stop();
        var sandbox = await _node.CreateAsync();
        using var response = await _node.Client.SendAsync(E2bNode.To(sandbox, port, HttpMethod.Get, "/"), Cancelled);

        Assert.Equal(502, (int)response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal("The sandbox is running but port is not open", body.GetProperty("message").GetString());
        Assert.Equal(port, body.GetProperty("port").GetInt32());
        Assert.Equal(502, body.GetProperty("code").GetInt32());
        Assert.Equal(sandbox.Id, body.GetProperty("sandboxId").GetString());
    }

    [Fact]
    public async Task UserPort_WhenTheSandboxIsKilled_BreaksOff()
    {
        var sandbox = await _node.CreateAsync();
        using var request = E2bNode.To(sandbox, _port, HttpMethod.Get, "/hang");
        using var response = await _node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);

        using var killed = await _node.SendAsync(HttpMethod.Delete, $"/sandboxes/{sandbox.Id}");

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData("/echo", 0)]
    [InlineData("/health", 49999)]
    public async Task PrivateTraffic_WithoutItsToken_Is403(string path, int port)
    {
        if (port == 0) port = _port;
        var sandbox = await _node.CreateAsync("""{"templateID":"base","network":{"allowPublicTraffic":false}}""");
        foreach (var token in new[] { null, "wrong", sandbox.Token })
        {
            using var request = E2bNode.To(sandbox, port, HttpMethod.Get, path);
            if (token is not null) request.Headers.Add("E2b-Traffic-Access-Token", token);
            using var response = await _node.Client.SendAsync(request, Cancelled);

            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            Assert.Contains("e2b-traffic-access-token", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }

        using var envd = await _node.Client.SendAsync(E2bNode.To(sandbox, 49983, HttpMethod.Get, "/health"), Cancelled);
        Assert.Equal(HttpStatusCode.NoContent, envd.StatusCode);
    }

    [Fact]
    public async Task PrivateTraffic_WithItsToken_PassesWithoutIt()
    {
        var sandbox = await _node.CreateAsync("""{"templateID":"base","network":{"allowPublicTraffic":false}}""");
        using var request = E2bNode.To(sandbox, _port, HttpMethod.Post, "/echo", new StringContent("x"));
        request.Headers.Add("E2b-Traffic-Access-Token", sandbox.TrafficToken);
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal("x", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal("", response.Headers.TryGetValues("X-Seen-Token", out var seen) ? seen.Single() : "");
    }

    [Theory]
    [InlineData("i00000000000000000000", "49983", 502)]
    [InlineData("i00000000000000000000", null, 400)]
    [InlineData(null, "49983", 400)]
    [InlineData("No_Id", "49983", 400)]
    [InlineData("iabc", "0", 400)]
    [InlineData("iabc", "65536", 400)]
    [InlineData("iabc", "x", 400)]
    public async Task Headers_ThatLeadNowhere_AreRefused(string? id, string? port, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/health");
        if (id is not null) request.Headers.Add("E2b-Sandbox-Id", id);
        if (port is not null) request.Headers.Add("E2b-Sandbox-Port", port);
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("49983-i00000000000000000000.sandbox.test", 502)]
    [InlineData("49983-No_Id.sandbox.test", 400)]
    [InlineData("99999-iabc.sandbox.test", 400)]
    [InlineData("49983-iabc-legacy.sandbox.test", 502)]
    [InlineData("my-host.sandbox.test", 401)]
    [InlineData("49983-iabc", 401)]
    [InlineData("127.0.0.1", 401)]
    public async Task Hosts_AreParsedByTheirFirstLabel(string host, int status)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v2/sandboxes");
        request.Headers.Host = host;
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Host_AgainstHeaders_Wins()
    {
        var sandbox = await _node.CreateAsync();
        using var request = E2bNode.To(sandbox, 49983, HttpMethod.Get, "/health");
        request.Headers.Host = "49983-i00000000000000000000.sandbox.test";
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal(502, (int)response.StatusCode);
    }
}
