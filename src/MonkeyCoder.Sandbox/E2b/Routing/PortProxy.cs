using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Sandboxes;
using Yarp.ReverseProxy.Forwarder;

namespace MonkeyCoder.Sandbox.E2b.Routing;

/// <summary>
/// Every other port of a sandbox: what listens there inside is reached through the agent, HTTP and WebSockets alike.
/// Connections are kept per sandbox, and closed with it.
/// </summary>
internal sealed class PortProxy(IHttpForwarder forwarder, IOptions<E2bOptions> options) : IDisposable
{
    private static readonly TimeSpan PooledIdleTimeout = TimeSpan.FromSeconds(30);
    private const int MaxConnectionsPerPort = 256;

    private readonly ForwarderRequestConfig _config = new() { ActivityTimeout = options.Value.ProxyIdleTimeout, Version = HttpVersion.Version11 };
    private readonly ConcurrentDictionary<string, Pool> _pools = new(StringComparer.Ordinal);

    public async Task ForwardAsync(HttpContext context, LiveSandbox sandbox, int port)
    {
        var pool = _pools.GetOrAdd(sandbox.Id.Value, static (_, live) => new Pool(live), sandbox);
        // Also where the sandbox has ended meanwhile: the registration then runs at once.
        if (pool.TryOwn())
            sandbox.Stopping.UnsafeRegister(_ => Close(sandbox.Id.Value), null);
        // A client of the sandbox's own server may be as slow as that server lets it.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } down) down.MinDataRate = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } up) up.MinDataRate = null;
        var destination = $"http://127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}";
        var error = await forwarder.SendAsync(
            context, destination, pool.Invoker, _config, new PortTransformer(sandbox.Settings.MaskRequestHost, port)).ConfigureAwait(false);
        if (error == ForwarderError.None || context.Response.HasStarted) return;
        await AnswerAsync(context, sandbox, port).ConfigureAwait(false);
    }

    public void Dispose()
    {
        foreach (var id in _pools.Keys) Close(id);
    }

    private void Close(string id)
    {
        if (_pools.TryRemove(id, out var pool)) pool.Dispose();
    }

    private static Task AnswerAsync(HttpContext context, LiveSandbox sandbox, int port)
    {
        var failure = context.GetForwarderErrorFeature()?.Exception;
        var closed = false;
        for (var e = failure; e is not null; e = e.InnerException)
            closed |= e is AgentException { Code: AgentErrorCode.Unavailable };
        if (!closed && context.Response.StatusCode != StatusCodes.Status502BadGateway) return Task.CompletedTask;
        var message = closed ? "The sandbox is running but port is not open" : "The sandbox's server broke the connection off";
        return E2bAnswers.WriteAsync(
            context, new RouteErrorBody(sandbox.Id.Value, message, StatusCodes.Status502BadGateway, port),
            E2bJson.Default.RouteErrorBody, StatusCodes.Status502BadGateway);
    }

    /// <summary>Connections to one sandbox.</summary>
    private sealed class Pool(LiveSandbox sandbox) : IDisposable
    {
        private int _owned;

        public HttpMessageInvoker Invoker { get; } = new(
            new SocketsHttpHandler
            {
                UseProxy = false,
                AllowAutoRedirect = false,
                UseCookies = false,
                AutomaticDecompression = DecompressionMethods.None,
                PooledConnectionIdleTimeout = PooledIdleTimeout,
                MaxConnectionsPerServer = MaxConnectionsPerPort,
                ActivityHeadersPropagator = null,
                ConnectCallback = async (connection, cancellationToken) =>
                    await sandbox.Agent.DialAsync(connection.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false),
            },
            disposeHandler: true);

        /// <summary>True for the one caller who is to see to its end.</summary>
        public bool TryOwn() => Interlocked.Exchange(ref _owned, 1) == 0;

        public void Dispose() => Invoker.Dispose();
    }

    /// <summary>Passes everything on but what was meant for the node.</summary>
    private sealed class PortTransformer(string? maskRequestHost, int port) : HttpTransformer
    {
        public override async ValueTask TransformRequestAsync(
            HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
        {
            await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken).ConfigureAwait(false);
            proxyRequest.Headers.Remove(E2bProtocol.TrafficTokenHeader);
            proxyRequest.Headers.Remove(E2bProtocol.SandboxIdHeader);
            proxyRequest.Headers.Remove(E2bProtocol.SandboxPortHeader);
            proxyRequest.Headers.Host = maskRequestHost is null
                ? httpContext.Request.Host.Value
                : maskRequestHost.Replace("${PORT}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        }
    }
}
