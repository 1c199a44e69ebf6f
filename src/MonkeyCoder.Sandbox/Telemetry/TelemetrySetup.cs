using System.Text;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Hosting;
using MonkeyCoder.Sandbox.Problems;
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
        services.TryAddSingleton<ZygoteMetrics>();
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
        app.Services.GetRequiredService<ZygoteMetrics>();
        app.MapPrometheusScrapingEndpoint(
                MetricsPath, meterProvider: null, branch => branch.Use(WithoutEmptyLabelsAsync), optionsName: null)
            .WithName("Metrics")
            .AllowEverybody();
    }

    // The exporter writes "name{} 1" for a metric without labels. That is legal, but not what other exporters write and
    // scripts look for.
    private static async Task WithoutEmptyLabelsAsync(HttpContext context, RequestDelegate next)
    {
        if (!MetricsListener.Serves(context))
        {
            await new ProblemResult(ProblemCatalog.Make(ProblemCodes.NotFound)).ExecuteAsync(context);
            return;
        }

        var body = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        await next(context);
        context.Response.Body = body;
        var text = Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length).Replace("{} ", " ", StringComparison.Ordinal);
        var bytes = Encoding.UTF8.GetBytes(text);
        context.Response.ContentLength = bytes.Length;
        await body.WriteAsync(bytes, context.RequestAborted);
    }
}
