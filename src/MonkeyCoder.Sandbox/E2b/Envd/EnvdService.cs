using System.Text.Json.Serialization.Metadata;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.E2b.Connect;
using MonkeyCoder.Sandbox.E2b.Routing;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>
/// Port 49983 of every sandbox: its processes and files. Nothing listens there inside; the node answers and asks the
/// agent.
/// </summary>
internal sealed class EnvdService
{
    private const long Mebibyte = 1024 * 1024;

    private readonly TimeProvider _time;

    public EnvdService(EnvdFiles files, Watchers watchers, ProcessDeadlines deadlines, TimeProvider time)
    {
        _time = time;
        Routes.Add("GET", "/health", PortAccess.Everybody, HealthAsync);
        Routes.Add(method: null, "/files", PortAccess.AccessTokenOrSignature, files.HandleAsync);
        Routes.Add("POST", "/files/compose", PortAccess.AccessToken, EnvdFiles.ComposeAsync);
        Routes.Add("GET", "/envs", PortAccess.AccessToken, EnvironmentAsync);
        Routes.Add("GET", "/metrics", PortAccess.AccessToken, MetricsAsync);
        var json = E2bJson.Default;
        Stream("/process.Process/Start", json.StartProcessRequest,
            (call, request, stream) => ProcessStreams.StartAsync(call, request, stream, deadlines));
        Stream("/process.Process/Connect", json.SelectProcessRequest, ProcessStreams.ConnectAsync);
        Unary("/process.Process/List", json.EmptyRecord, json.ListProcessesAnswer, ProcessCalls.ListAsync);
        Unary("/process.Process/SendInput", json.SendInputRequest, json.EmptyRecord, ProcessCalls.SendInputAsync);
        Unary("/process.Process/SendSignal", json.SendSignalRequest, json.EmptyRecord, ProcessCalls.SendSignalAsync);
        Unary("/process.Process/CloseStdin", json.SelectProcessRequest, json.EmptyRecord, ProcessCalls.CloseStdinAsync);
        Unary("/process.Process/Update", json.UpdateProcessRequest, json.EmptyRecord, ProcessCalls.UpdateAsync);
        Unary("/filesystem.Filesystem/Stat", json.PathRecord, json.EntryAnswer, FilesystemCalls.StatAsync);
        Unary("/filesystem.Filesystem/MakeDir", json.PathRecord, json.EntryAnswer, FilesystemCalls.MakeDirAsync);
        Unary("/filesystem.Filesystem/Move", json.MoveFileRequest, json.EntryAnswer, FilesystemCalls.MoveAsync);
        Unary("/filesystem.Filesystem/ListDir", json.ListDirRequest, json.EntriesAnswer, FilesystemCalls.ListDirAsync);
        Unary("/filesystem.Filesystem/Remove", json.PathRecord, json.EmptyRecord, FilesystemCalls.RemoveAsync);
        Stream("/filesystem.Filesystem/WatchDir", json.WatchDirRequest, WatchStreams.WatchDirAsync);
        Unary("/filesystem.Filesystem/CreateWatcher", json.WatchDirRequest, json.WatcherRecord, watchers.CreateAsync);
        Unary("/filesystem.Filesystem/GetWatcherEvents", json.WatcherRecord, json.WatcherEventsAnswer, watchers.GetEventsAsync);
        Unary("/filesystem.Filesystem/RemoveWatcher", json.WatcherRecord, json.EmptyRecord, watchers.RemoveAsync);
    }

    /// <summary>All of it.</summary>
    public PortRoutes Routes { get; } = new();

    public async Task HandleAsync(HttpContext context, LiveSandbox sandbox)
    {
        if (EnvdCors.TryAnswerPreflight(context)) return;
        EnvdCors.Allow(context);
        var route = Routes.Find(context.Request, out var segment);
        // Who has no token is not told what there is.
        if ((route?.Access ?? PortAccess.AccessToken) == PortAccess.AccessToken && !EnvdAccess.IsAllowed(context, sandbox))
            await E2bAnswers.WriteErrorAsync(context, StatusCodes.Status401Unauthorized, EnvdAccess.Refusal).ConfigureAwait(false);
        else if (route is not null)
            await route.Handler(context, sandbox, segment).ConfigureAwait(false);
        else
            await E2bAnswers.WriteErrorAsync(context, StatusCodes.Status404NotFound, "no such route on this port").ConfigureAwait(false);
    }

    private static Task HealthAsync(HttpContext context, LiveSandbox sandbox)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    }

    private static Task EnvironmentAsync(HttpContext context, LiveSandbox sandbox) =>
        E2bAnswers.WriteAsync(context, sandbox.Settings.Environment, E2bJson.Default.IReadOnlyDictionaryStringString);

    private Task MetricsAsync(HttpContext context, LiveSandbox sandbox) =>
        E2bAnswers.WriteAsync(context, Metrics(sandbox), E2bJson.Default.EnvdMetrics);

    private EnvdMetrics Metrics(LiveSandbox sandbox)
    {
        var sample = sandbox.Meter.Read(_time.GetUtcNow());
        return new EnvdMetrics(
            sample.Timestamp.ToUnixTimeSeconds(), sample.CpuCount, sample.CpuUsedPercent, sample.Limits.MemoryBytes,
            sample.Usage.MemoryBytes, sample.Usage.MemoryCacheBytes, sample.Limits.MemoryBytes / Mebibyte,
            sample.Usage.MemoryBytes / Mebibyte, sample.Usage.DiskUsedBytes, sample.Limits.DiskBytes);
    }

    private void Unary<TRequest, TAnswer>(
        string path, JsonTypeInfo<TRequest> request, JsonTypeInfo<TAnswer> answer, Func<ConnectCall, TRequest, Task<TAnswer>> handler)
        where TRequest : class =>
        Call(path, call => ConnectRunner.UnaryAsync(call, request, answer, handler));

    private void Stream<TRequest>(
        string path, JsonTypeInfo<TRequest> request, Func<ConnectCall, TRequest, ConnectStream, Task> handler) where TRequest : class =>
        Call(path, call => ConnectRunner.StreamAsync(call, request, handler));

    private void Call(string path, Func<ConnectCall, Task> method) =>
        Routes.Add("POST", path, PortAccess.AccessToken, async (context, sandbox) =>
        {
            using var call = new ConnectCall(context, sandbox, EnvdAccess.User(context), _time);
            await method(call).ConfigureAwait(false);
        });
}
