using System.Text.Json.Serialization.Metadata;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.E2b.Connect;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>
/// Port 49983 of every sandbox: its processes and files. Nothing listens there inside; the node answers and asks the
/// agent.
/// </summary>
internal sealed class EnvdService
{
    private const long Mebibyte = 1024 * 1024;

    private readonly Dictionary<string, Func<ConnectCall, Task>> _methods = new(StringComparer.Ordinal);
    private readonly EnvdFiles _files;
    private readonly TimeProvider _time;

    public EnvdService(EnvdFiles files, Watchers watchers, ProcessDeadlines deadlines, TimeProvider time)
    {
        _files = files;
        _time = time;
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

    public async Task HandleAsync(HttpContext context, LiveSandbox sandbox)
    {
        if (EnvdCors.TryAnswerPreflight(context)) return;
        EnvdCors.Allow(context);
        var path = context.Request.Path.Value ?? "";
        if (path == "/health" && HttpMethods.IsGet(context.Request.Method))
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        else if (path == "/files")
            await _files.HandleAsync(context, sandbox).ConfigureAwait(false);
        else if (!EnvdAccess.IsAllowed(context, sandbox))
            await E2bAnswers.WriteErrorAsync(context, StatusCodes.Status401Unauthorized, EnvdAccess.Refusal).ConfigureAwait(false);
        else
            await HandleAllowedAsync(context, sandbox, path).ConfigureAwait(false);
    }

    private async Task HandleAllowedAsync(HttpContext context, LiveSandbox sandbox, string path)
    {
        var isGet = HttpMethods.IsGet(context.Request.Method);
        if (HttpMethods.IsPost(context.Request.Method) && _methods.TryGetValue(path, out var method))
        {
            using var call = new ConnectCall(context, sandbox, EnvdAccess.User(context), _time);
            await method(call).ConfigureAwait(false);
        }
        else if (path == "/files/compose" && HttpMethods.IsPost(context.Request.Method))
        {
            await EnvdFiles.ComposeAsync(context, sandbox).ConfigureAwait(false);
        }
        else if (path == "/envs" && isGet)
        {
            await E2bAnswers.WriteAsync(context, sandbox.Settings.Environment, E2bJson.Default.IReadOnlyDictionaryStringString).ConfigureAwait(false);
        }
        else if (path == "/metrics" && isGet)
        {
            await E2bAnswers.WriteAsync(context, Metrics(sandbox), E2bJson.Default.EnvdMetrics).ConfigureAwait(false);
        }
        else
        {
            await E2bAnswers.WriteErrorAsync(context, StatusCodes.Status404NotFound, "no such route on this port").ConfigureAwait(false);
        }
    }

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
        _methods[path] = call => ConnectRunner.UnaryAsync(call, request, answer, handler);

    private void Stream<TRequest>(
        string path, JsonTypeInfo<TRequest> request, Func<ConnectCall, TRequest, ConnectStream, Task> handler) where TRequest : class =>
        _methods[path] = call => ConnectRunner.StreamAsync(call, request, handler);
}
