using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using MonkeyCoder.Client.Transport;
using MonkeyCoder.Client.Wire;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Client;

/// <summary>
/// Client of the sandbox service. Make one and share it: it is safe to use from several threads and keeps connections.
/// </summary>
/// <example>
/// <code>
/// using var client = new SandboxClient(new SandboxClientOptions { ApiKey = key });
/// await using var sandbox = await client.CreateAsync();
/// var cell = await sandbox.RunCellAsync("1 + 1");
/// Console.WriteLine(cell.Text); // 2
/// </code>
/// </example>
public sealed class SandboxClient : IDisposable
{
    private const int PageSize = 100;

    private readonly ApiTransport _transport;
    private readonly HttpClient? _ownedHttp;

    /// <summary>Makes a client with connections of its own.</summary>
    /// <param name="options">Where and who; null for the defaults.</param>
    public SandboxClient(SandboxClientOptions? options = null)
    {
        _ownedHttp = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
        _transport = new ApiTransport(_ownedHttp, options ?? new SandboxClientOptions());
    }

    /// <summary>Makes a client on a caller's HTTP client, e.g. one of <c>IHttpClientFactory</c>; the caller disposes it.</summary>
    /// <param name="http">Sends. Its <see cref="HttpClient.Timeout"/> counts until an answer's head is there.</param>
    /// <param name="options">Where and who; null for the defaults.</param>
    public SandboxClient(HttpClient http, SandboxClientOptions? options = null) =>
        _transport = new ApiTransport(http, options ?? new SandboxClientOptions());

    /// <summary>Runs code once, in a fresh sandbox unless the options name one, and waits for its end.</summary>
    /// <param name="code">The code.</param>
    /// <param name="executionId">Id of the execution: the subject of its token, and what the service's logs carry.</param>
    /// <param name="timeout">The code is interrupted after it; null for 30 s.</param>
    /// <param name="options">Language, kept sandbox, metadata.</param>
    /// <param name="cancellationToken">Cancels the execution.</param>
    /// <returns>How it ended, also where the code raised or hit a limit.</returns>
    /// <exception cref="SandboxApiException">The service refused the request or cannot be reached.</exception>
    public Task<ExecuteResponse> ExecuteCodeAsync(
        string code,
        string executionId,
        TimeSpan? timeout = null,
        ExecuteCodeOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(executionId);
        options ??= new ExecuteCodeOptions();
        var limit = timeout ?? TimeSpan.FromSeconds(30);
        var body = new ExecuteRequest
        {
            SandboxType = "code",
            Action = "execute",
            Code = code,
            Language = options.Language,
            Timeout = limit.TotalSeconds,
            Metadata = options.Metadata,
            SandboxId = options.SandboxId,
            Keep = options.Keep ? true : null,
            Limits = options.Limits,
            ExecutionId = executionId,
        };
        return _transport.SendAsync(
            () =>
            {
                var request = _transport.TenantRequest(HttpMethod.Post, "sandbox/execute", executionId);
                request.Content = ApiTransport.Json(body, SnakeJson.Default.ExecuteRequest);
                return request;
            },
            SnakeJson.Default.ExecuteResponse, cancellationToken, limit + _transport.Options.RequestTimeout);
    }

    /// <summary>Creates a sandbox; it answers when this returns. Dispose it to kill it.</summary>
    /// <param name="options">Template, life, environment; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">Refused: e.g. <c>not_found</c> for an unknown template, <c>rate_limited</c>.</exception>
    public async Task<RemoteSandbox> CreateAsync(SandboxCreateOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new SandboxCreateOptions();
        var body = new CreateSandboxWire(
            options.Template, WholeSeconds(options.Timeout), options.Metadata, options.Environment, options.AllowInternetAccess,
            options.PauseAtEnd ? true : null, options.ResumeOnTraffic ? new AutoResumeWire(true) : null);
        var created = await _transport.SendAsync(
            () =>
            {
                var request = _transport.TenantRequest(HttpMethod.Post, "v2/sandboxes");
                request.Content = ApiTransport.Json(body, WireJson.Default.CreateSandboxWire);
                return request;
            },
            WireJson.Default.SandboxWire, cancellationToken).ConfigureAwait(false);
        return Open(created, owned: true);
    }

    /// <summary>Connects to a sandbox that lives already, and resumes it where it is paused. Disposing the result leaves it alive.</summary>
    /// <param name="sandboxId">Its id.</param>
    /// <param name="timeout">It lives at least so long from now; never shortened. null for 5 min.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such sandbox of this tenant.</exception>
    public async Task<RemoteSandbox> ConnectAsync(string sandboxId, TimeSpan? timeout = null, CancellationToken cancellationToken = default)
    {
        var body = new TimeoutWire(WholeSeconds(timeout ?? TimeSpan.FromMinutes(5)));
        var connected = await _transport.SendAsync(
            () =>
            {
                var request = _transport.TenantRequest(HttpMethod.Post, $"v2/sandboxes/{Uri.EscapeDataString(sandboxId)}/connect");
                request.Content = ApiTransport.Json(body, WireJson.Default.TimeoutWire);
                return request;
            },
            WireJson.Default.SandboxWire, cancellationToken).ConfigureAwait(false);
        return Open(connected, owned: false);
    }

    /// <summary>
    /// Pauses a sandbox: everything in it stops where it is, and stays in memory until <see cref="ConnectAsync"/> resumes it. Open
    /// streams break off.
    /// </summary>
    /// <param name="sandboxId">Its id.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>False where it was paused already.</returns>
    /// <exception cref="SandboxApiException">
    /// <c>not_found</c>: no such sandbox of this tenant. <c>rate_limited</c>: the tenant has as many paused ones as it may.
    /// <c>http_501</c>: the node cannot pause.
    /// </exception>
    public async Task<bool> PauseAsync(string sandboxId, CancellationToken cancellationToken = default) =>
        await _transport.SendAsync(
            () => _transport.TenantRequest(HttpMethod.Post, $"sandboxes/{Uri.EscapeDataString(sandboxId)}/pause"),
            cancellationToken, HttpStatusCode.Conflict).ConfigureAwait(false) != HttpStatusCode.Conflict;

    /// <summary>Looks a sandbox up.</summary>
    /// <param name="sandboxId">Its id.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such sandbox of this tenant.</exception>
    public Task<SandboxInfo> GetAsync(string sandboxId, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            () => _transport.TenantRequest(HttpMethod.Get, "sandboxes/" + Uri.EscapeDataString(sandboxId)),
            WireJson.Default.SandboxInfo, cancellationToken);

    /// <summary>The tenant's sandboxes, newest first, page by page as they are asked for.</summary>
    /// <param name="metadata">Only those that have all of these; null for all.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException">The service refused or cannot be reached.</exception>
    public async IAsyncEnumerable<SandboxInfo> ListSandboxesAsync(
        IReadOnlyDictionary<string, string>? metadata = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var filter = metadata is null ? "" : "&metadata=" + Uri.EscapeDataString(FilterOf(metadata));
        string? next = null;
        do
        {
            var path = $"v2/sandboxes?limit={PageSize}{filter}" + (next is null ? "" : "&nextToken=" + Uri.EscapeDataString(next));
            var (page, headers) = await _transport.SendPageAsync(
                () => _transport.TenantRequest(HttpMethod.Get, path), WireJson.Default.ListSandboxInfo, cancellationToken).ConfigureAwait(false);
            foreach (var sandbox in page) yield return sandbox;
            next = headers.TryGetValues("X-Next-Token", out var tokens) ? tokens.First() : null;
        }
        while (!string.IsNullOrEmpty(next));
    }

    /// <summary>Log lines of a sandbox, oldest first.</summary>
    /// <param name="sandboxId">Its id.</param>
    /// <param name="since">Only lines from then on; null for all that are kept.</param>
    /// <param name="limit">At most so many, 1 to 1000.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such sandbox of this tenant.</exception>
    public async Task<IReadOnlyList<SandboxLogLine>> ReadLogsAsync(
        string sandboxId, DateTimeOffset? since = null, int limit = 1000, CancellationToken cancellationToken = default)
    {
        var path = string.Create(
            CultureInfo.InvariantCulture,
            $"sandboxes/{Uri.EscapeDataString(sandboxId)}/logs?start={since?.ToUnixTimeMilliseconds() ?? 0}&limit={limit}");
        var answer = await _transport.SendAsync(
            () => _transport.TenantRequest(HttpMethod.Get, path), WireJson.Default.LogsWire, cancellationToken).ConfigureAwait(false);
        return [.. (answer.Logs ?? []).Select(static line => new SandboxLogLine(line.Timestamp, line.Line))];
    }

    /// <summary>Kills a sandbox.</summary>
    /// <param name="sandboxId">Its id.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>False where it does not exist (any more).</returns>
    /// <exception cref="SandboxApiException">The service refused or cannot be reached.</exception>
    public async Task<bool> KillAsync(string sandboxId, CancellationToken cancellationToken = default) =>
        await _transport.SendAsync(
            () => _transport.TenantRequest(HttpMethod.Delete, "sandboxes/" + Uri.EscapeDataString(sandboxId)),
            cancellationToken, HttpStatusCode.NotFound).ConfigureAwait(false) != HttpStatusCode.NotFound;

    /// <summary>Moves a sandbox's end of life to so long from now; may shorten it.</summary>
    /// <param name="sandboxId">Its id.</param>
    /// <param name="timeout">From now, in whole seconds.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="SandboxApiException"><c>not_found</c>: no such sandbox of this tenant.</exception>
    public Task SetTimeoutAsync(string sandboxId, TimeSpan timeout, CancellationToken cancellationToken = default) =>
        _transport.SendAsync(
            () =>
            {
                var request = _transport.TenantRequest(HttpMethod.Post, $"sandboxes/{Uri.EscapeDataString(sandboxId)}/timeout");
                request.Content = ApiTransport.Json(new TimeoutWire(WholeSeconds(timeout)), WireJson.Default.TimeoutWire);
                return request;
            },
            cancellationToken);

    /// <summary>Whether the service answers that it is healthy.</summary>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <returns>False also where it cannot be reached.</returns>
    public async Task<bool> IsHealthyAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _transport.SendAsync(() => _transport.Request(HttpMethod.Get, "health"), cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (SandboxApiException)
        {
            return false;
        }
    }

    /// <summary>Closes the client's own connections. Sandboxes live on.</summary>
    public void Dispose() => _ownedHttp?.Dispose();

    private RemoteSandbox Open(SandboxWire wire, bool owned) => new(
        this, new SandboxAccess(_transport, wire.SandboxId, wire.EnvdAccessToken, wire.TrafficAccessToken), wire.TemplateId, owned);

    private static int WholeSeconds(TimeSpan timeout) => (int)Math.Ceiling(Math.Min(timeout.TotalSeconds, int.MaxValue));

    /// <summary>The filter's own encoding, inside the query's: keys and values are escaped, and then form-encoded.</summary>
    private static string FilterOf(IReadOnlyDictionary<string, string> metadata) =>
        string.Join('&', metadata.Select(static pair => EscapeTwice(pair.Key) + "=" + EscapeTwice(pair.Value)));

    private static string EscapeTwice(string text) => Uri.EscapeDataString(Uri.EscapeDataString(text));
}
