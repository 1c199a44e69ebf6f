using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Hosting;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.Executions;

internal static class ExecutionEndpoints
{
    private const int MaxCleanupBytes = 4096;

    // Watchers of health often ask with HEAD.
    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps the original API.</summary>
    public static void MapExecutionEndpoints(this IEndpointRouteBuilder routes)
    {
        // Its uptime counts from its construction.
        routes.ServiceProvider.GetRequiredService<NodeOverview>();
        routes.MapPost("/sandbox/execute", ExecuteAsync).WithName("Execute").RequireScope(SandboxTokens.ExecuteScope);
        routes.MapPost("/sandbox/cleanup", CleanupAsync).WithName("Cleanup").RequireScope(SandboxTokens.CleanupScope);
        routes.MapGet("/sandbox/metrics", Metrics).WithName("NodeMetrics").RequireScope(SandboxTokens.MetricsScope);
        routes.MapMethods("/sandbox/health", ReadMethods, Health).WithName("SandboxHealth").AllowEverybody();
        routes.MapMethods("/health", ReadMethods, Health).WithName("Health").AllowEverybody();
        routes.MapMethods("/healthz", ReadMethods, Health).WithName("Healthz").AllowEverybody();
    }

    private static async Task<Results<JsonHttpResult<ExecuteResponse>, ProblemResult>> ExecuteAsync(
        HttpContext context, ExecutionPlanner planner, ExecutionService executions, IOptions<ExecutionOptions> options)
    {
        var aborted = context.RequestAborted;
        var body = await JsonBody.ReadAsync(
            context.Request, options.Value.MaxBodyBytes, ExecutionJson.Default.ExecuteRequest, optional: null, aborted);
        if (!body.TryGet(out var request, out var problem)) return new ProblemResult(problem);
        var caller = Caller.Of(context);
        if (!planner.Plan(request, caller).TryGet(out var plan, out problem)) return new ProblemResult(problem);
        var outcome = await executions.RunAsync(caller, plan, aborted);
        if (!outcome.TryGet(out var response, out problem)) return new ProblemResult(problem);
        return TypedResults.Json(response, ExecutionJson.Default.ExecuteResponse);
    }

    private static async Task<Results<JsonHttpResult<CleanupResponse>, ProblemResult>> CleanupAsync(HttpContext context, Cleanup cleanup)
    {
        var aborted = context.RequestAborted;
        var body = await JsonBody.ReadAsync(
            context.Request, MaxCleanupBytes, ExecutionJson.Default.CleanupRequest, static () => new CleanupRequest(), aborted);
        if (!body.TryGet(out var request, out var problem)) return new ProblemResult(problem);
        var tenant = Caller.Of(context).Tenant;
        var outcome = await cleanup.RunAsync(tenant, request, aborted);
        if (!outcome.TryGet(out var response, out problem)) return new ProblemResult(problem);
        return TypedResults.Json(response, ExecutionJson.Default.CleanupResponse);
    }

    private static JsonHttpResult<NodeMetricsResponse> Metrics(NodeOverview overview) =>
        TypedResults.Json(overview.Metrics(), ExecutionJson.Default.NodeMetricsResponse);

    private static JsonHttpResult<HealthResponse> Health(NodeOverview overview) =>
        TypedResults.Json(overview.Health(), ExecutionJson.Default.HealthResponse);
}
