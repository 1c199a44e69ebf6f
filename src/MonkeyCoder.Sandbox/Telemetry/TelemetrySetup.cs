using Microsoft.Extensions.DependencyInjection.Extensions;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Security;
using OpenTelemetry.Metrics;

namespace MonkeyCoder.Sandbox.Telemetry;

internal static class TelemetrySetup
{
    private const string MetricsPath = "/metrics";

    /// <summary>Registers the meters' export: exactly our names and labels, nothing of the library's own.</summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services)
    {
        services.TryAddSingleton<NodeGauges>();
        services.AddOpenTelemetry().WithMetrics(metrics => metrics
            .AddMeter(ExecutionMetrics.MeterName)
            .AddPrometheusExporter(exporter =>
            {
                exporter.ScopeInfoEnabled = false;
                exporter.TargetInfoEnabled = false;
                exporter.ScrapeResponseCacheDurationMilliseconds = 0;
            }));
        return services;
    }

    /// <summary>Serves <c>/metrics</c>.</summary>
    public static void MapTelemetry(this WebApplication app)
    {
        // Gauges exist from their construction on.
        app.Services.GetRequiredService<NodeGauges>();
        app.MapPrometheusScrapingEndpoint(MetricsPath).WithName("Metrics").AllowEverybody();
    }
}
