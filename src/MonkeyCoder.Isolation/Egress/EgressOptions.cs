namespace MonkeyCoder.Isolation.Egress;

/// <summary>Limits of the way out: of every sandbox, and of all together.</summary>
public sealed class EgressOptions
{
    /// <value>Connections of one sandbox at once, DNS over TCP included. Default 256.</value>
    public int MaxConnections { get; set; } = 256;

    /// <value>Connections of all sandboxes at once. Default 4096.</value>
    public int MaxNodeConnections { get; set; } = 4096;

    /// <value>New connections of one sandbox a second; more wait. Default 50.</value>
    public int NewConnectionsPerSecond { get; set; } = 50;

    /// <value>DNS queries of one sandbox a second; more are refused. Default 25.</value>
    public int DnsQueriesPerSecond { get; set; } = 25;

    /// <value>For a client to say where it wants to go: a ClientHello, or the head of a request. Default 5 s.</value>
    public TimeSpan HeadTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>For looking a name up and connecting. Default 10 s.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>A connection over which nothing has gone for so long is closed. Default 5 min.</value>
    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(5);
}
