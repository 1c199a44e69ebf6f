using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.Hosting;

internal static class HostingSetup
{
    private const int MaxHeaderBytes = 32 * 1024;
    private const int MaxHeaders = 100;

    private static readonly TimeSpan HeadersSlack = TimeSpan.FromSeconds(2);

    // Clients of E2B keep idle connections for ten minutes; the server must not be the first to close.
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(620);

    /// <summary>Registers the server, the clock, directories, limits and the engine.</summary>
    public static void AddNodeHosting(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddNodeOptions<HostingOptions, HostingOptionsValidator>(HostingOptions.Section);
        services.AddNodeOptions<StorageOptions, StorageOptionsValidator>(StorageOptions.Section);
        services.AddNodeOptions<LimitOptions, LimitOptionsValidator>(LimitOptions.Section);
        services.AddNodeOptions<GatewaySettings, GatewaySettingsValidator>(GatewaySettings.Section);
        services.AddEngine();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => provider.GetRequiredService<IOptions<LimitOptions>>().Value.ToLimits());
        services.TryAddSingleton<RouteGate>();
        services.AddHostedService<OrderlyStop>();
        services.AddOptions<HostOptions>().Configure<IOptions<HostingOptions>>(
            static (host, settings) => host.ShutdownTimeout = settings.Value.ShutdownTimeout);
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<HostingOptions>>(
            static (server, settings) => ConfigureServer(server, settings.Value));
        services.AddOptions<SocketTransportOptions>().Configure<IOptions<HostingOptions>>(static (transport, settings) =>
            transport.CreateBoundListenSocket = endpoint => LostClient.Listen(endpoint, settings.Value.ClientLostAfter));
        builder.WebHost.UseKestrelCore();
        // The last one that is registered is asked first.
        services.AddSingleton<IConnectionListenerFactory, ConnectionGate>();
    }

    /// <summary>One line of JSON per event on stdout, with the values of its scopes.</summary>
    public static void LogToConsole(ILoggingBuilder logging)
    {
        logging.SetMinimumLevel(LogLevel.Information);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Information);
        // FaultHandler logs what escapes an endpoint, with its code; the library would log it once more.
        logging.AddFilter("Microsoft.AspNetCore.Diagnostics.ExceptionHandlerMiddleware", LogLevel.None);
        logging.AddJsonConsole(console =>
        {
            console.IncludeScopes = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "O";
            console.JsonWriterOptions = new JsonWriterOptions { Indented = false };
        });
    }

    private static void ConfigureServer(KestrelServerOptions server, HostingOptions settings)
    {
        server.ConfigureEndpointDefaults(listen => LostClient.Watch(listen, settings.ClientLostAfter));
        Listen(server, settings.Host, settings.Port, listen => FirstRequestDeadline.Watch(listen, settings.HeadersTimeout));
        if (settings.MetricsPort is { } metrics) Listen(server, settings.Host, metrics, MetricsListener.Mark);
        server.AddServerHeader = false;
        server.Limits.MaxRequestBodySize = JsonBody.DrainLimit;
        server.Limits.MaxRequestHeadersTotalSize = MaxHeaderBytes;
        server.Limits.MaxRequestHeaderCount = MaxHeaders;
        var connections = ConnectionGate.MostServed(settings.MaxConnections, OpenFileLimit.Read());
        server.Limits.MaxConcurrentConnections = connections;
        server.Limits.MaxConcurrentUpgradedConnections = connections;
        // For the first request of a connection, the deadline above comes before this one.
        server.Limits.RequestHeadersTimeout = settings.HeadersTimeout + HeadersSlack;
        server.Limits.KeepAliveTimeout = KeepAlive;
        server.Limits.MinRequestBodyDataRate = new MinDataRate(settings.MinBodyBytesPerSecond, settings.SlowBodyGrace);
        // A client that stops reading slows its own sandbox down, and may.
        server.Limits.MinResponseDataRate = null;
    }

    private static void Listen(KestrelServerOptions server, string host, int port, Action<ListenOptions> configure)
    {
        if (IPAddress.TryParse(host, out var address)) server.Listen(address, port, configure);
        else server.ListenLocalhost(port, configure);
    }
}
