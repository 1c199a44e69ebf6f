using System.Net;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>What carries connections out of sandboxes.</summary>
internal sealed class GatewaySettings
{
    public const string Section = "Gateway";

    private const int DnsPort = 53;

    // Two files each, so a quarter at most: the API and the sandboxes themselves need the rest.
    private const int FilesPerNodeConnection = 8;

    /// <value>DNS server that names are looked up at, an address or <c>address:port</c>. Default: those of this machine.</value>
    public string? Resolver { get; set; }

    /// <value>Connections of one sandbox at once, 1 to 65536. Default 256.</value>
    public int MaxConnections { get; set; } = 256;

    /// <value>
    /// Connections of all sandboxes at once, 1 to 1000000, and never more than an eighth of the files that the service may open: each
    /// takes two. More are refused (<c>node_limit</c>). Default 4096.
    /// </value>
    public int MaxNodeConnections { get; set; } = 4096;

    /// <value>New connections of one sandbox a second; more wait. 1 to 10000. Default 50.</value>
    public int NewConnectionsPerSecond { get; set; } = 50;

    /// <value>DNS queries of one sandbox a second; more are refused. 1 to 10000. Default 25.</value>
    public int DnsQueriesPerSecond { get; set; } = 25;

    /// <value>For a client to say where it wants to go, 1 second to 1 minute. Default 5 seconds.</value>
    public TimeSpan HeadTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>For looking a name up and connecting, 1 second to 2 minutes. Default 10 seconds.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>Time without traffic after which a connection is closed, 10 seconds to 1 day. Default 5 minutes.</value>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>As the engine takes them.</summary>
    /// <param name="addresses">What is never connected to; null for the tables alone.</param>
    /// <param name="events">Is told of refusals.</param>
    /// <param name="time">Clock.</param>
    public EgressParts ToParts(AddressPolicy? addresses, IEgressEvents events, TimeProvider time) => new()
    {
        Options = new EgressOptions
        {
            MaxConnections = MaxConnections,
            MaxNodeConnections = Math.Min(MaxNodeConnections, Math.Max(1, OpenFileLimit.Read() / FilesPerNodeConnection)),
            NewConnectionsPerSecond = NewConnectionsPerSecond,
            DnsQueriesPerSecond = DnsQueriesPerSecond,
            HeadTimeout = HeadTimeout,
            ConnectTimeout = ConnectTimeout,
            IdleTimeout = IdleTimeout,
        },
        Addresses = addresses ?? AddressPolicy.Tables,
        Events = events,
        Resolver = ResolverEndPoint(Resolver) is { } server ? new DnsResolver(() => [server], time) : DnsResolver.OfThisMachine(time),
    };

    /// <summary>Null where the text is no address.</summary>
    public static IPEndPoint? ResolverEndPoint(string? text)
    {
        if (!IPEndPoint.TryParse(text ?? "", out var server)) return null;
        return server.Port == 0 ? new IPEndPoint(server.Address, DnsPort) : server;
    }
}

internal sealed class GatewaySettingsValidator : IValidateOptions<GatewaySettings>
{
    public ValidateOptionsResult Validate(string? name, GatewaySettings options)
    {
        var checks = new OptionChecks(GatewaySettings.Section);
        if (options.Resolver is { } server && GatewaySettings.ResolverEndPoint(server) is null)
            checks.Fail(nameof(options.Resolver), $"is '{server}' and must be an IP address, or address:port");
        checks.InRange(nameof(options.MaxConnections), options.MaxConnections, 1, 65_536);
        checks.InRange(nameof(options.MaxNodeConnections), options.MaxNodeConnections, 1, 1_000_000);
        checks.InRange(nameof(options.NewConnectionsPerSecond), options.NewConnectionsPerSecond, 1, 10_000);
        checks.InRange(nameof(options.DnsQueriesPerSecond), options.DnsQueriesPerSecond, 1, 10_000);
        checks.InRange(nameof(options.HeadTimeout), options.HeadTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        checks.InRange(nameof(options.ConnectTimeout), options.ConnectTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(2));
        checks.InRange(nameof(options.IdleTimeout), options.IdleTimeout, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
        return checks.Result;
    }
}
