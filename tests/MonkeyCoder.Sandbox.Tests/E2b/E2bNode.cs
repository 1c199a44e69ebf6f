using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Hosting;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Tests.Hosting;
using MonkeyCoder.Testing;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.E2b;

/// <summary>The E2B API on a real port of this machine, over an engine and agents without an inside.</summary>
internal sealed class E2bNode : IAsyncDisposable
{
    public const string Key = "e2b_0123456789012345678901234567890123456789";
    public const string OtherKey = "e2b_9999999999999999999999999999999999999999";
    private const int EnvdPort = 49983;
    private const int CodePort = 49999;

    private readonly WebApplication _app;

    private E2bNode(WebApplication app, FakeSandboxEngine engine, MemoryAgent agent, PlayedCells cells, ManualTimeProvider time)
    {
        _app = app;
        Engine = engine;
        Agent = agent;
        Cells = cells;
        Time = time;
        Client = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(60) };
    }

    public FakeSandboxEngine Engine { get; }

    /// <summary>Agent of every sandbox.</summary>
    public MemoryAgent Agent { get; }

    public PlayedCells Cells { get; }

    /// <summary>Clock of ends of life, deadlines and keepalives.</summary>
    public ManualTimeProvider Time { get; }

    public HttpClient Client { get; }

    public ISandboxRegistry Registry => _app.Services.GetRequiredService<ISandboxRegistry>();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<E2bNode> StartAsync(Action<IServiceCollection>? configure = null, params string[] settings)
    {
        var agent = new MemoryAgent();
        var engine = new FakeSandboxEngine { MakeAgent = () => agent };
        var cells = new PlayedCells();
        var time = new ManualTimeProvider();
        string[] args = ["--Hosting:Port=0", "--Security:TokenSecret=" + NodeFixture.Secret, .. settings];
        var app = SandboxHost.Build(args, services =>
        {
            services.AddSingleton<TimeProvider>(time);
            services.AddSingleton<ISandboxEngine>(engine);
            services.AddSingleton<IHostCapacity>(new FakeHostCapacity());
            services.AddSingleton<ICellRunner>(cells);
            services.AddSingleton<IApiKeys, TwoKeys>();
            services.AddSingleton<ISandboxTokenKeys, PlainKeys>();
            configure?.Invoke(services);
        });
        await app.StartAsync(Cancelled);
        return new E2bNode(app, engine, agent, cells, time);
    }

    /// <summary>A request to the control plane with the first tenant's key.</summary>
    public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json = null, string? key = Key)
    {
        using var request = new HttpRequestMessage(method, path);
        if (key is not null) request.Headers.Add("X-API-KEY", key);
        if (json is not null) request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        return await Client.SendAsync(request, Cancelled);
    }

    /// <summary>Creates a sandbox and answers what the client was told.</summary>
    public async Task<Created> CreateAsync(string json = """{"templateID":"base"}""")
    {
        using var response = await SendAsync(HttpMethod.Post, "/v2/sandboxes", json);
        Assert.Equal(201, (int)response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        return new Created(
            body.GetProperty("sandboxID").GetString()!,
            body.TryGetProperty("envdAccessToken", out var token) ? token.GetString() : null,
            body.TryGetProperty("trafficAccessToken", out var traffic) ? traffic.GetString() : null);
    }

    /// <summary>A request to the processes and files of a sandbox, with its token.</summary>
    public static HttpRequestMessage Envd(Created sandbox, HttpMethod method, string path, HttpContent? content = null)
    {
        var request = To(sandbox, EnvdPort, method, path, content);
        if (sandbox.Token is not null) request.Headers.Add("X-Access-Token", sandbox.Token);
        return request;
    }

    /// <summary>A request to the code interpreter of a sandbox, with its token where clients send it.</summary>
    public static HttpRequestMessage Code(Created sandbox, HttpMethod method, string path, string? json = null)
    {
        var content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        var request = To(sandbox, CodePort, method, path, content);
        if (path == "/execute" && sandbox.Token is not null) request.Headers.Add("X-Access-Token", sandbox.Token);
        return request;
    }

    /// <summary>A request to any port, routed by headers.</summary>
    public static HttpRequestMessage To(Created sandbox, int port, HttpMethod method, string path, HttpContent? content = null)
    {
        var request = new HttpRequestMessage(method, path) { Content = content };
        request.Headers.Add("E2b-Sandbox-Id", sandbox.Id);
        request.Headers.Add("E2b-Sandbox-Port", $"{port}");
        return request;
    }

    /// <summary>A unary call: status and JSON.</summary>
    public async Task<(int Status, JsonElement Body)> CallAsync(Created sandbox, string method, string json)
    {
        using var request = Envd(sandbox, HttpMethod.Post, "/" + method, new StringContent(json, Encoding.UTF8, "application/json"));
        using var response = await Client.SendAsync(request, Cancelled);
        return ((int)response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled));
    }

    /// <summary>Opens a server stream.</summary>
    public async Task<FrameReader> StreamAsync(Created sandbox, string method, string json, Action<HttpRequestMessage>? adjust = null)
    {
        using var request = Envd(sandbox, HttpMethod.Post, "/" + method, new ByteArrayContent(FrameReader.Envelope(json)));
        request.Content!.Headers.ContentType = new("application/connect+json");
        adjust?.Invoke(request);
        var response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        return new FrameReader(response);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        await Engine.DisposeAsync();
    }

    private sealed class TwoKeys : IApiKeys
    {
        public ApiKey? Authenticate(string? key) => key switch
        {
            Key => new ApiKey("k1", "first", "tenant1"),
            OtherKey => new ApiKey("k2", "second", "tenant2"),
            _ => null,
        };
    }

    private sealed class PlainKeys : ISandboxTokenKeys
    {
        public byte[] Derive(string purpose) => System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(purpose));
    }
}

/// <summary>What a client knows of its sandbox.</summary>
internal sealed record Created(string Id, string? Token, string? TrafficToken);
