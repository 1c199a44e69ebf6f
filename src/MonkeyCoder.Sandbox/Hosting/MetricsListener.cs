using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>Feature of connections to the port for metrics. Not by the port's number, which a Host header could claim.</summary>
internal sealed class MetricsListener
{
    private static readonly MetricsListener Instance = new();

    private MetricsListener()
    {
    }

    /// <summary>Marks the connections of a listener.</summary>
    public static void Mark(ListenOptions listen) => listen.Use(next => connection =>
    {
        connection.Features.Set(Instance);
        return next(connection);
    });

    /// <summary>Whether metrics may be answered: on their own port where they have one.</summary>
    public static bool Serves(HttpContext context) =>
        context.RequestServices.GetRequiredService<IOptions<HostingOptions>>().Value.MetricsPort is null
        || context.Features.Get<MetricsListener>() is not null;
}
