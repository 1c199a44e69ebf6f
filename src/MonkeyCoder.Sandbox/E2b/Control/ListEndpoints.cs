using System.Globalization;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>Lists, figures and logs of sandboxes.</summary>
internal sealed class ListEndpoints(ISandboxRegistry registry, TemplateNames templates, TimeProvider time)
{
    private const int MaxIds = 100;
    private const int MaxLogs = 1000;

    public static void Map(RouteGroupBuilder group)
    {
        group.MapGet("/v2/sandboxes", static (HttpContext context, ListEndpoints endpoints) => endpoints.List(context))
            .WithName("E2bListSandboxes");
        group.MapGet("/sandboxes", static (HttpContext context, ListEndpoints endpoints) => endpoints.ListV1(context))
            .WithName("E2bListSandboxesV1");
        group.MapGet("/sandboxes/{id}/metrics", static (string id, HttpContext context, ListEndpoints endpoints) =>
            endpoints.Metrics(id, context)).WithName("E2bSandboxMetrics");
        group.MapGet("/sandboxes/metrics", static (HttpContext context, ListEndpoints endpoints) => endpoints.ManyMetrics(context))
            .WithName("E2bSandboxesMetrics");
        group.MapGet("/sandboxes/{id}/logs", static (string id, HttpContext context, ListEndpoints endpoints) =>
            endpoints.Logs(id, context)).WithName("E2bSandboxLogsV1");
        group.MapGet("/v2/sandboxes/{id}/logs", static (string id, HttpContext context, ListEndpoints endpoints) =>
            endpoints.LogsV2(id, context)).WithName("E2bSandboxLogs");
    }

    private IEnumerable<LiveSandbox> Of(HttpContext context)
    {
        var tenant = Caller.Of(context).Tenant;
        return registry.All.Where(sandbox => sandbox.Owner.Tenant == tenant);
    }

    private IResult List(HttpContext context)
    {
        if (!SandboxListQuery.TryRead(context.Request.Query, templates, out var query, out var problem))
            return E2bAnswers.Error(StatusCodes.Status400BadRequest, problem);
        var (page, running, nextToken) = query.Apply(Of(context));
        context.Response.Headers["X-Total-Running"] = running.ToString(CultureInfo.InvariantCulture);
        if (nextToken is not null) context.Response.Headers["X-Next-Token"] = nextToken;
        return Answer(page);
    }

    private IResult ListV1(HttpContext context) =>
        SandboxListQuery.TryReadV1(context.Request.Query, out var query, out var problem)
            ? Answer(query.Apply(Of(context)).Page)
            : E2bAnswers.Error(StatusCodes.Status400BadRequest, problem);

    private static IResult Answer(IReadOnlyList<LiveSandbox> sandboxes) =>
        E2bAnswers.Json([.. sandboxes.Select(SandboxRecordMapper.Listed)], E2bJson.Default.IReadOnlyListSandboxListed);

    private IResult Metrics(string id, HttpContext context)
    {
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        var now = time.GetUtcNow();
        IReadOnlyList<SandboxMetric> metrics =
            IsInRange(context.Request.Query, now) ? [SandboxRecordMapper.Metric(sandbox, now)] : [];
        return E2bAnswers.Json(metrics, E2bJson.Default.IReadOnlyListSandboxMetric);
    }

    /// <summary>There is one measurement, made now; a range that ends before now has none.</summary>
    private static bool IsInRange(IQueryCollection query, DateTimeOffset now) =>
        (!TryReadLong(query, "end", out var end) || end >= now.ToUnixTimeSeconds())
        && (!TryReadLong(query, "start", out var start) || start <= now.ToUnixTimeSeconds());

    private IResult ManyMetrics(HttpContext context)
    {
        var ids = context.Request.Query["sandbox_ids"].SelectMany(value => (value ?? "").Split(',')).Distinct().ToList();
        if (ids.Count > MaxIds) return E2bAnswers.Error(StatusCodes.Status400BadRequest, $"'sandbox_ids' has more than {MaxIds} ids");
        var now = time.GetUtcNow();
        var tenant = Caller.Of(context).Tenant;
        var metrics = ids.Select(id => registry.Find(tenant, id)).OfType<LiveSandbox>()
            .ToDictionary(sandbox => sandbox.Id.Value, sandbox => SandboxRecordMapper.Metric(sandbox, now));
        return E2bAnswers.Json(new SandboxesMetrics(metrics), E2bJson.Default.SandboxesMetrics);
    }

    private IResult Logs(string id, HttpContext context)
    {
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        var query = context.Request.Query;
        var start = TryReadLong(query, "start", out var milliseconds) ? milliseconds : 0;
        var entries = Entries(sandbox).Where(entry => entry.Timestamp.ToUnixTimeMilliseconds() >= start)
            .Take(ReadLimit(query)).ToList();
        return E2bAnswers.Json(
            new SandboxLogs([.. entries.Select(entry => new SandboxLogLine(entry.Timestamp, entry.Message))], entries),
            E2bJson.Default.SandboxLogs);
    }

    private IResult LogsV2(string id, HttpContext context)
    {
        var found = SandboxLookup.Find(context, registry, id);
        if (found.Sandbox is not { } sandbox) return found.Answer!;
        var query = context.Request.Query;
        var forward = query["direction"] == "forward";
        var entries = Entries(sandbox);
        if (TryReadLong(query, "cursor", out var cursor))
        {
            entries = entries.Where(entry => forward
                ? entry.Timestamp.ToUnixTimeMilliseconds() >= cursor
                : entry.Timestamp.ToUnixTimeMilliseconds() <= cursor);
        }

        var search = query["search"].ToString();
        if (search.Length > 0) entries = entries.Where(entry => entry.Message.Contains(search, StringComparison.OrdinalIgnoreCase));
        if (query["level"].ToString() is "warn" or "error") entries = [];
        if (!forward) entries = entries.Reverse();
        return E2bAnswers.Json(new SandboxLogsV2([.. entries.Take(ReadLimit(query))]), E2bJson.Default.SandboxLogsV2);
    }

    private static IEnumerable<SandboxLogEntry> Entries(LiveSandbox sandbox) =>
        sandbox.Journal.Read().Select(entry =>
            new SandboxLogEntry(entry.Timestamp, entry.Message, "info", new Dictionary<string, string>()));

    private static int ReadLimit(IQueryCollection query) =>
        TryReadLong(query, "limit", out var limit) ? (int)Math.Clamp(limit, 0, MaxLogs) : MaxLogs;

    private static bool TryReadLong(IQueryCollection query, string name, out long value) =>
        long.TryParse(query[name], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
}
