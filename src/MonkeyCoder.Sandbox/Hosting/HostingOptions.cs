using System.Net;
using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>Where the service listens, and how it stops.</summary>
internal sealed class HostingOptions
{
    public const string Section = "Hosting";

    /// <value>
    /// Address to listen on: an IP address, or <c>localhost</c>. Default 127.0.0.1, this machine only; 0.0.0.0 serves
    /// others, e.g. from inside a container: put TLS in front.
    /// </value>
    public string Host { get; set; } = "127.0.0.1";

    /// <value>TCP port, 0 (any that is free) to 65535. Default 8001.</value>
    public int Port { get; set; } = 8001;

    /// <value>How long a stop waits for requests and for the removal of sandboxes, 1 second to 10 minutes. Default 30 seconds.</value>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>
    /// TCP port that alone answers <c>/metrics</c>, on the same address: 0 (any that is free) to 65535; publish it to nobody
    /// but the collector. Default: none, so that <c>/metrics</c> is answered on <c>Port</c>.
    /// </value>
    public int? MetricsPort { get; set; }

    /// <value>
    /// Connections that may be open at once, 1 to 1000000, and never more than half of the files that the service may open
    /// beyond the 240 that it needs for itself. Default 10000.
    /// </value>
    public int MaxConnections { get; set; } = 10_000;

    /// <value>
    /// How long a client may answer nothing, not even the kernel's questions, before its connection is closed, 5 seconds to
    /// 1 hour. One that is there and reads nothing is not meant. Default 45 seconds.
    /// </value>
    public TimeSpan ClientLostAfter { get; set; } = TimeSpan.FromSeconds(45);

    /// <value>Time for the headers of a request, 1 second to 10 minutes. Default 15 seconds.</value>
    public TimeSpan HeadersTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <value>Bytes per second below which the sender of a body is cut off, 1 to 1000000. Default 240.</value>
    public double MinBodyBytesPerSecond { get; set; } = 240;

    /// <value>How long the sender of a body may be slower than that, 2 seconds to 10 minutes. Default 15 seconds.</value>
    public TimeSpan SlowBodyGrace { get; set; } = TimeSpan.FromSeconds(15);
}

internal sealed class HostingOptionsValidator : IValidateOptions<HostingOptions>
{
    public ValidateOptionsResult Validate(string? name, HostingOptions options)
    {
        var checks = new OptionChecks(HostingOptions.Section);
        if (options.Host != "localhost" && !IPAddress.TryParse(options.Host, out _))
            checks.Fail(nameof(options.Host), $"is '{options.Host}' and must be an IP address or localhost");
        checks.InRange(nameof(options.Port), options.Port, 0, IPEndPoint.MaxPort);
        if (options.MetricsPort is { } metrics) checks.InRange(nameof(options.MetricsPort), metrics, 0, IPEndPoint.MaxPort);
        if (options.MetricsPort is > 0 and var same && same == options.Port)
            checks.Fail(nameof(options.MetricsPort), $"is {same}, which is {HostingOptions.Section}:{nameof(options.Port)} already; choose another or leave it out");
        checks.InRange(nameof(options.ShutdownTimeout), options.ShutdownTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        checks.InRange(nameof(options.MaxConnections), options.MaxConnections, 1, 1_000_000);
        checks.InRange(nameof(options.ClientLostAfter), options.ClientLostAfter, TimeSpan.FromSeconds(5), TimeSpan.FromHours(1));
        checks.InRange(nameof(options.HeadersTimeout), options.HeadersTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        checks.InRange(nameof(options.MinBodyBytesPerSecond), options.MinBodyBytesPerSecond, 1, 1_000_000);
        checks.InRange(nameof(options.SlowBodyGrace), options.SlowBodyGrace, TimeSpan.FromSeconds(2), TimeSpan.FromMinutes(10));
        return checks.Result;
    }
}
