using System.Net;
using System.Text.Json;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Client.Tests;

public sealed class SandboxClientTests : IAsyncLifetime
{
    private FakeSandboxService _service = null!;
    private SandboxClient _client = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _service = await FakeSandboxService.StartAsync();
        _client = new SandboxClient(new SandboxClientOptions
        {
            BaseAddress = _service.Address,
            ApiKey = "e2b_test",
            TokenFactory = static id => "token-of-" + id,
        });
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task CreateAsync_Defaults_SendsKeyAndTimeoutOnly()
    {
        var sandbox = await _client.CreateAsync(cancellationToken: Token);

        Assert.Equal(FakeSandboxService.SandboxId, sandbox.Id);
        var request = Assert.Single(_service.Requests);
        Assert.Equal("e2b_test", request.Headers["X-API-KEY"]);
        Assert.Equal("""{"templateID":"code-interpreter-v1","timeout":300}""", request.Text);
    }

    [Theory]
    [InlineData(204, true)]
    [InlineData(409, false)]
    public async Task PauseAsync_Answered_SaysWhetherItRan(int status, bool ran)
    {
        _service.Map($"POST /sandboxes/{FakeSandboxService.SandboxId}/pause", context => FakeSandboxService.EmptyAsync(context, status));

        Assert.Equal(ran, await _client.PauseAsync(FakeSandboxService.SandboxId, Token));
        Assert.Equal("e2b_test", _service.Requests.Single().Headers["X-API-KEY"]);
    }

    [Fact]
    public async Task PauseAsync_Unknown_Throws()
    {
        _service.Map("POST /sandboxes/i0/pause", static context => FakeSandboxService.JsonAsync(context, 404, """{"code":404,"message":"no"}"""));

        Assert.Equal("not_found", (await Assert.ThrowsAsync<SandboxApiException>(() => _client.PauseAsync("i0", Token))).Code);
    }

    [Fact]
    public async Task CreateAsync_AllOptions_SendsThem()
    {
        await _client.CreateAsync(
            new SandboxCreateOptions
            {
                Template = "base",
                Timeout = TimeSpan.FromSeconds(1.5),
                Metadata = new Dictionary<string, string> { ["a"] = "b" },
                Environment = new Dictionary<string, string> { ["X"] = "1" },
                AllowInternetAccess = false,
                PauseAtEnd = true,
                ResumeOnTraffic = true,
            },
            Token);

        Assert.Equal(
            """{"templateID":"base","timeout":2,"metadata":{"a":"b"},"envVars":{"X":"1"},"allow_internet_access":false,"autoPause":true,"autoResume":{"enabled":true}}""",
            _service.Requests.Single().Text);
    }

    [Fact]
    public async Task DisposeAsync_CreatedSandbox_KillsIt()
    {
        await (await _client.CreateAsync(cancellationToken: Token)).DisposeAsync();

        Assert.Equal($"DELETE /sandboxes/{FakeSandboxService.SandboxId}", NameOf(_service.Requests.Last()));
    }

    [Fact]
    public async Task DisposeAsync_ConnectedSandbox_LeavesIt()
    {
        _service.Map($"POST /v2/sandboxes/{FakeSandboxService.SandboxId}/connect", static context => FakeSandboxService.JsonAsync(
            context, 200, $$"""{"sandboxID":"{{FakeSandboxService.SandboxId}}","templateID":"base"}"""));
        await (await _client.ConnectAsync(FakeSandboxService.SandboxId, TimeSpan.FromMinutes(1), Token)).DisposeAsync();

        Assert.Equal("""{"timeout":60}""", _service.Requests.Single().Text);
    }

    [Fact]
    public async Task KillAsync_Unknown_IsFalse() => Assert.False(await _client.KillAsync("inone", Token));

    [Fact]
    public async Task ListSandboxesAsync_TwoPages_YieldsBothAndEncodesTheFilterTwice()
    {
        _service.Map("GET /v2/sandboxes", static context =>
        {
            var first = !context.Request.Query.ContainsKey("nextToken");
            if (first) context.Response.Headers["X-Next-Token"] = "more";
            return FakeSandboxService.JsonAsync(
                context, 200,
                $$$"""[{"sandboxID":"{{{(first ? "i1" : "i2")}}}","templateID":"t","clientID":"c","startedAt":"2026-01-01T00:00:00Z","endAt":"2026-01-01T00:05:00Z","cpuCount":1,"memoryMB":512,"diskSizeMB":1024,"state":"running","envdVersion":"0.6.13","metadata":{"k":"v"}}]""");
        });

        List<string> ids = [];
        await foreach (var sandbox in _client.ListSandboxesAsync(
            new Dictionary<string, string> { ["k 1"] = "v&=2" }, Token))
            ids.Add(sandbox.SandboxId);

        Assert.Equal(["i1", "i2"], ids);
        Assert.Contains("metadata=k%2525201%3Dv%252526%25253D2", _service.Requests.First().Target, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ExecuteCodeAsync_Completed_ReturnsTheAnswer()
    {
        _service.Map("POST /sandbox/execute", static context => FakeSandboxService.JsonAsync(
            context, 200,
            """
            {"execution_id":"e-1","status":"completed","result":{"results":[{"text":"2","is_main_result":true}],
            "logs":{"stdout":["hi\n"],"stderr":[]},"execution_count":1},"logs":["hi"],"execution_time":0.25,
            "resource_usage":{"wall_seconds":0.25,"cpu_seconds":0.1,"peak_memory_bytes":1000,"disk_written_bytes":0,"network_bytes":0}}
            """));

        var answer = await _client.ExecuteCodeAsync("1+1", "e-1", TimeSpan.FromSeconds(5), cancellationToken: Token);

        Assert.Equal(ExecutionStatus.Completed, answer.Status);
        Assert.Equal("2", answer.Result.Text);
        Assert.Equal("hi\n", answer.Result.Stdout);
        Assert.Equal(1000, answer.ResourceUsage.PeakMemoryBytes);
        var request = _service.Requests.Single();
        Assert.Equal("Bearer token-of-e-1", request.Headers["Authorization"]);
        using var body = JsonDocument.Parse(request.Text);
        Assert.Equal("e-1", body.RootElement.GetProperty("execution_id").GetString());
        Assert.Equal(5, body.RootElement.GetProperty("timeout").GetDouble());
    }

    [Theory]
    [InlineData(400, "application/problem+json", """{"type":"/problems/code_too_large","title":"Bad Request","status":400,"code":"code_too_large","detail":"Send less.","traceId":"t1"}""", "code_too_large", "Send less.")]
    [InlineData(404, "application/json", """{"code":404,"message":"Sandbox \"x\" doesn't exist"}""", "not_found", "Sandbox \"x\" doesn't exist")]
    [InlineData(503, "application/json", """{"code":503,"message":"full","error_code":"sandbox_capacity_unavailable"}""", "sandbox_capacity_unavailable", "full")]
    [InlineData(400, "application/json", """{"code":"invalid_argument","message":"bad path"}""", "invalid_argument", "bad path")]
    [InlineData(404, "text/plain", "Context x not found", "not_found", "Context x not found")]
    [InlineData(500, "text/html", "<html>", "http_500", "The service answered 500 Internal Server Error.")]
    [InlineData(500, "application/json", "{", "http_500", "The service answered 500 Internal Server Error.")]
    public async Task AnyCall_Refused_ThrowsWithStableCode(int status, string type, string body, string code, string message)
    {
        _service.Map("GET /sandboxes/i1", context => FakeSandboxService.JsonAsync(context, status, body, type));

        var exception = await Assert.ThrowsAsync<SandboxApiException>(() => _client.GetAsync("i1", Token));

        Assert.Equal(code, exception.Code);
        Assert.Equal(message, exception.Message);
        Assert.Equal((HttpStatusCode)status, exception.StatusCode);
    }

    [Fact]
    public async Task AnyCall_429WithRetryAfter_IsSentAgain()
    {
        var left = 2;
        _service.Map("GET /sandboxes/i1/logs", context =>
        {
            if (Interlocked.Decrement(ref left) < 0)
                return FakeSandboxService.JsonAsync(context, 200, """{"logs":[{"timestamp":"2026-01-01T00:00:00Z","line":"hello"}]}""");
            context.Response.Headers.RetryAfter = "0";
            return FakeSandboxService.JsonAsync(context, 429, """{"code":429,"message":"slow down"}""");
        });

        var lines = await _client.ReadLogsAsync("i1", cancellationToken: Token);

        Assert.Equal("hello", Assert.Single(lines).Line);
        Assert.Equal(3, _service.Requests.Count);
    }

    [Theory]
    [InlineData(429, null)]
    [InlineData(429, "3600")]
    [InlineData(503, "0")]
    public async Task AnyCall_NothingToWaitFor_IsNotSentAgain(int status, string? retryAfter)
    {
        _service.Map("GET /sandboxes/i1", context =>
        {
            if (retryAfter is not null) context.Response.Headers.RetryAfter = retryAfter;
            return FakeSandboxService.JsonAsync(context, status, """{"code":0,"message":"no"}""");
        });

        await Assert.ThrowsAsync<SandboxApiException>(() => _client.GetAsync("i1", Token));

        Assert.Single(_service.Requests);
    }

    [Fact]
    public async Task AnyCall_NobodyListens_ThrowsUnreachable()
    {
        using var client = new SandboxClient(new SandboxClientOptions { BaseAddress = new Uri("http://127.0.0.1:1") });

        var exception = await Assert.ThrowsAsync<SandboxApiException>(() => client.GetAsync("i1", Token));

        Assert.Equal("unreachable", exception.Code);
        Assert.False(await client.IsHealthyAsync(Token));
    }

    [Fact]
    public async Task AnyCall_AnswerOfAnotherShape_ThrowsProtocolError()
    {
        _service.Map("GET /sandboxes/i1", static context => FakeSandboxService.JsonAsync(context, 200, "[]"));

        var exception = await Assert.ThrowsAsync<SandboxApiException>(() => _client.GetAsync("i1", Token));

        Assert.Equal("protocol_error", exception.Code);
    }

    private static string NameOf(SeenRequest request) => $"{request.Method} {request.Target}";
}
