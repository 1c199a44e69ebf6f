using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Hosting;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Hosting;

/// <summary>The whole service on a free port, with sandboxes that a test plays.</summary>
public sealed class NodeFixture : IAsyncDisposable
{
    public const string Secret = "0123456789abcdef0123456789abcdef";

    private readonly WebApplication _app;
    private readonly string _state;

    private NodeFixture(WebApplication app, FakeSandboxEngine engine, FakeHostCapacity host, LogSink log, string state)
    {
        Host = host;
        _app = app;
        _state = state;
        Engine = engine;
        Log = log;
        Http = new HttpClient { BaseAddress = new Uri(app.Urls.First()), Timeout = TimeSpan.FromSeconds(60) };
    }

    public HttpClient Http { get; }

    /// <summary>Where it listens; the second is the port for metrics, where there is one.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _app.Urls.Select(url => new Uri(url))];

    public FakeSandboxEngine Engine { get; }

    /// <summary>What the node believes to have.</summary>
    public FakeHostCapacity Host { get; }

    public FakeAgent Agent => Engine.Agent;

    public LogSink Log { get; }

    public IServiceProvider Services => _app.Services;

    /// <summary>Every route of the node itself.</summary>
    public IReadOnlyList<RouteEndpoint> Endpoints =>
        [.. ((IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>()];

    public ApiKeyStore Keys => new(_state, TimeProvider.System);

    public static async Task<NodeFixture> StartAsync(params string[] settings)
    {
        var state = Directory.CreateTempSubdirectory("monkey-node-").FullName;
        var engine = new FakeSandboxEngine();
        var log = new LogSink();
        var host = new FakeHostCapacity();
        string[] args =
        [
            "--Hosting:Port=0", $"--Security:TokenSecret={Secret}", $"--Storage:StateDirectory={state}",
            // Checks have a sandbox of their own, which most tests do not play.
            "--Security:CodeChecks=off", .. settings,
        ];
        var app = SandboxHost.Build(args, services =>
        {
            services.AddSingleton<ISandboxEngine>(engine);
            services.AddSingleton<ILoggerProvider>(log);
            services.AddSingleton<IHostCapacity>(host);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new NodeFixture(app, engine, host, log, state);
    }

    public static string Token(string executionId = "e1", string tenant = "default", params string[] scopes) => SandboxTokens.Generate(
        executionId, TimeSpan.FromHours(1), Secret, tenant, scopes.Length > 0 ? scopes : SandboxTokens.AllScopes, TimeProvider.System);

    public Task<HttpResponseMessage> PostAsync(string path, string json, string? token = null, string contentType = "application/json")
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, Encoding.UTF8, contentType),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? Token());
        return Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public Task<HttpResponseMessage> GetAsync(string path, string? token = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    /// <summary>The answer is this problem, whole and in form.</summary>
    public static async Task<ProblemBody> AssertProblemAsync(HttpResponseMessage response, int status, string code)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Equal((status, "application/problem+json"), ((int)response.StatusCode, response.Content.Headers.ContentType?.MediaType));
        var problem = JsonSerializer.Deserialize(text, ProblemJson.Default.ProblemBody)!;
        Assert.Equal(code, problem.Code);
        Assert.Equal(status, problem.Status);
        Assert.Equal("/problems/" + code, problem.Type);
        Assert.EndsWith(".", problem.Detail, StringComparison.Ordinal);
        Assert.NotNull(problem.TraceId);
        Assert.DoesNotContain("MonkeyCoder", text, StringComparison.Ordinal);
        return problem;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        Directory.Delete(_state, recursive: true);
        Assert.All(Engine.Sandboxes, sandbox => Assert.True(sandbox.IsDisposed));
    }
}
