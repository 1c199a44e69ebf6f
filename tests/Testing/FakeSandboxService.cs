using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace MonkeyCoder.Testing;

/// <summary>
/// A service that answers what a test tells it to, over real HTTP on a free loopback port. Routes are
/// <c>"METHOD /path"</c>; what is not routed is a 404 with a text body that says so.
/// </summary>
internal sealed class FakeSandboxService : IAsyncDisposable
{
    public const string SandboxId = "i0123456789abcdefghij";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, RequestDelegate> _routes = new();

    private FakeSandboxService(WebApplication app) => _app = app;

    /// <summary>Where it listens.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Requests in order: method, path and query, headers, body.</summary>
    public ConcurrentQueue<SeenRequest> Requests { get; } = new();

    public static async Task<FakeSandboxService> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var service = new FakeSandboxService(app);
        app.Run(service.AnswerAsync);
        await app.StartAsync();
        service.Address = new Uri(app.Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!.Addresses.First());
        service.Map("POST /v2/sandboxes", context => JsonAsync(
            context, 201,
            $$"""{"sandboxID":"{{SandboxId}}","templateID":"base","clientID":"c","envdVersion":"0.6.13","envdAccessToken":"secret","domain":null}"""));
        service.Map($"DELETE /sandboxes/{SandboxId}", static context => EmptyAsync(context, 204));
        service.Map("GET /health", static context => EmptyAsync(context, 204));
        return service;
    }

    public void Map(string route, RequestDelegate answer) => _routes[route] = answer;

    public static Task EmptyAsync(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    }

    public static Task JsonAsync(HttpContext context, int status, string json, string type = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(json, context.RequestAborted);
    }

    /// <summary>One envelope of a Connect stream, flushed.</summary>
    public static async Task FrameAsync(HttpContext context, string json, byte flags = 0)
    {
        if (!context.Response.HasStarted) context.Response.ContentType = "application/connect+json";
        var payload = Encoding.UTF8.GetBytes(json);
        var frame = new byte[5 + payload.Length];
        frame[0] = flags;
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame, 5);
        await context.Response.Body.WriteAsync(frame, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    /// <summary>One line of an NDJSON stream, flushed.</summary>
    public static async Task LineAsync(HttpContext context, string json)
    {
        await context.Response.WriteAsync(json + "\n", context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        Requests.Enqueue(new SeenRequest(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString.ToString(),
            context.Request.Headers.ToDictionary(
                static header => header.Key, static header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            body.ToArray()));
        if (_routes.TryGetValue($"{context.Request.Method} {context.Request.Path}", out var answer))
        {
            await answer(context);
            return;
        }

        context.Response.StatusCode = 404;
        await context.Response.WriteAsync($"no route {context.Request.Method} {context.Request.Path}", context.RequestAborted);
    }
}

/// <summary>A request as it arrived.</summary>
internal sealed record SeenRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string Text => Encoding.UTF8.GetString(Body);

    /// <summary>Payload of the request's one Connect envelope.</summary>
    public string FrameText => Encoding.UTF8.GetString(Body.AsSpan(5));
}
