using System.Text;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.E2b.Envd;
using MonkeyCoder.Sandbox.E2b.Routing;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.CodeInterpreter;

/// <summary>
/// Port 49999 of every sandbox: cells and contexts. Nothing listens there inside; the node answers. Errors are plain text,
/// as clients show them.
/// </summary>
internal sealed class CodeInterpreterService
{
    private const int MaxContextBytes = 64 * 1024;
    private const int MaxContexts = 64;

    /// <summary>Escapes make a cell up to six times as long in JSON; the environment comes on top.</summary>
    private const int BodyBytesPerCodeByte = 6;

    private readonly CellStreams _cells;
    private readonly ICellRunner _runner;
    private readonly E2bOptions _options;

    public CodeInterpreterService(CellStreams cells, ICellRunner runner, IOptions<E2bOptions> options)
    {
        _cells = cells;
        _runner = runner;
        _options = options.Value;
        Routes.Add("GET", "/health", PortAccess.Everybody, static (context, _) => context.Response.WriteAsJsonAsync("OK", context.RequestAborted));
        // Clients send the access token with a cell, and with nothing else on this port.
        Routes.Add("POST", "/execute", PortAccess.AccessToken, ExecuteAsync);
        Routes.Add("GET", "/contexts", PortAccess.Everybody, ListAsync);
        Routes.Add("POST", "/contexts", PortAccess.Everybody, CreateAsync);
        Routes.Add(new PortRoute("DELETE", "/contexts/{id}", PortAccess.Everybody, RemoveAsync));
        Routes.Add(new PortRoute("POST", "/contexts/{id}/restart", PortAccess.Everybody, RestartAsync));
    }

    /// <summary>All of it. Where the sandbox's ports are closed, each asks for the traffic token first.</summary>
    public PortRoutes Routes { get; } = new();

    public Task HandleAsync(HttpContext context, LiveSandbox sandbox)
    {
        if (Routes.Find(context.Request, out var segment) is not { } route)
            return TextAsync(context, StatusCodes.Status404NotFound, "no such route on this port");
        return route.Access == PortAccess.AccessToken && !EnvdAccess.IsAllowed(context, sandbox)
            ? TextAsync(context, StatusCodes.Status401Unauthorized, EnvdAccess.Refusal)
            : route.Handler(context, sandbox, segment);
    }

    private async Task ExecuteAsync(HttpContext context, LiveSandbox sandbox)
    {
        var limit = (_options.MaxCodeBytes * BodyBytesPerCodeByte) + MaxContextBytes;
        var read = await RequestJson
            .ReadAsync(context.Request, E2bJson.Default.ExecuteCodeRequest, limit, context.RequestAborted).ConfigureAwait(false);
        if (read.Value is not { } request)
        {
            await RefuseAsync(context, read).ConfigureAwait(false);
        }
        else if (Problem(request) is { } problem)
        {
            await TextAsync(context, problem.Status, problem.Text).ConfigureAwait(false);
        }
        else if (Choose(sandbox, request, out var missing) is not { } chosen)
        {
            await TextAsync(context, missing.Status, missing.Text).ConfigureAwait(false);
        }
        else
        {
            var environment = request.EnvVars ?? new Dictionary<string, string>();
            await _cells.RunAsync(context, sandbox, new CellRequest(chosen, request.Code, environment, Timeout: null, IsMeasured: false)).ConfigureAwait(false);
        }
    }

    private (int Status, string Text)? Problem(ExecuteCodeRequest request)
    {
        if (Encoding.UTF8.GetByteCount(request.Code) > _options.MaxCodeBytes)
            return (StatusCodes.Status413PayloadTooLarge, $"The code is larger than {_options.MaxCodeBytes} bytes");
        if (request.ContextId is not null && request.Language is not null)
            return (StatusCodes.Status400BadRequest, "Only one of context_id and language can be given");
        foreach (var (name, value) in request.EnvVars ?? new Dictionary<string, string>())
        {
            if (value is null || !IsName(name) || value.Contains('\0', StringComparison.Ordinal))
                return (StatusCodes.Status400BadRequest, "A name in env_vars is not a variable name, or its value is null or holds NUL");
        }

        return null;
    }

    private static KernelContext? Choose(LiveSandbox sandbox, ExecuteCodeRequest request, out (int Status, string Text) problem)
    {
        problem = (StatusCodes.Status404NotFound, $"Context {request.ContextId} not found");
        if (request.ContextId is { } id) return sandbox.Contexts.Find(id);
        problem = UnknownLanguage;
        return KernelContexts.TryNormalise(request.Language ?? "python", out var language) ? sandbox.Contexts.Default(language) : null;
    }

    private static Task ListAsync(HttpContext context, LiveSandbox sandbox) =>
        E2bAnswers.WriteAsync(context, [.. sandbox.Contexts.List().Select(Record)], E2bJson.Default.IReadOnlyListContextRecord);

    private static async Task CreateAsync(HttpContext context, LiveSandbox sandbox)
    {
        var read = await RequestJson
            .ReadAsync(context.Request, E2bJson.Default.CreateContextRequest, MaxContextBytes, context.RequestAborted).ConfigureAwait(false);
        if (read.Problem is not null)
        {
            await RefuseAsync(context, read).ConfigureAwait(false);
        }
        else if (!KernelContexts.TryNormalise(read.Value?.Language ?? "python", out var language))
        {
            await TextAsync(context, UnknownLanguage.Status, UnknownLanguage.Text).ConfigureAwait(false);
        }
        else if (sandbox.Contexts.List().Count >= MaxContexts)
        {
            await TextAsync(context, StatusCodes.Status429TooManyRequests, $"This sandbox has {MaxContexts} contexts; remove one").ConfigureAwait(false);
        }
        else if (read.Value?.Cwd is { } cwd && (cwd.Length is 0 or > 4096 || cwd.Contains('\0', StringComparison.Ordinal)))
        {
            await TextAsync(context, StatusCodes.Status400BadRequest, "cwd is not a path").ConfigureAwait(false);
        }
        else
        {
            var created = sandbox.Contexts.Create(language, read.Value?.Cwd ?? KernelContexts.DefaultWorkingDirectory);
            await E2bAnswers.WriteAsync(context, Record(created), E2bJson.Default.ContextRecord).ConfigureAwait(false);
        }
    }

    private Task RemoveAsync(HttpContext context, LiveSandbox sandbox, string id) =>
        WithAsync(context, sandbox, id, async found =>
        {
            sandbox.Contexts.Remove(id);
            await _runner.CloseAsync(sandbox, found, context.RequestAborted).ConfigureAwait(false);
        });

    private Task RestartAsync(HttpContext context, LiveSandbox sandbox, string id) =>
        WithAsync(context, sandbox, id, found => _runner.RestartAsync(sandbox, found, context.RequestAborted));

    private static async Task WithAsync(HttpContext context, LiveSandbox sandbox, string id, Func<KernelContext, Task> work)
    {
        if (sandbox.Contexts.Find(id) is not { } found)
        {
            await TextAsync(context, StatusCodes.Status404NotFound, $"Context {id} not found").ConfigureAwait(false);
            return;
        }

        await EnvdFiles.RunAsync(context, sandbox, async () =>
        {
            await work(found).ConfigureAwait(false);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 4;
            await context.Response.Body.WriteAsync("null"u8.ToArray(), context.RequestAborted).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    private static (int Status, string Text) UnknownLanguage { get; } =
        (StatusCodes.Status400BadRequest, $"This language is not supported; use one of {KernelContexts.SupportedLanguages}");

    private static ContextRecord Record(KernelContext context) => new(context.Id, context.Language, context.WorkingDirectory);

    private static bool IsName(string name) =>
        name.Length > 0 && !char.IsAsciiDigit(name[0]) && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_');

    private static Task RefuseAsync<T>(HttpContext context, JsonRead<T> read) where T : class =>
        TextAsync(context, read.Empty ? StatusCodes.Status400BadRequest : read.Status, read.Problem ?? "the request needs a JSON body");

    private static Task TextAsync(HttpContext context, int status, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}
