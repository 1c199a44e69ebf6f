using Microsoft.AspNetCore.Http;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Client.Tests;

public sealed class RemoteSandboxTests : IAsyncLifetime
{
    private FakeSandboxService _service = null!;
    private SandboxClient _client = null!;
    private RemoteSandbox _sandbox = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _service = await FakeSandboxService.StartAsync();
        _client = new SandboxClient(new SandboxClientOptions { BaseAddress = _service.Address, ApiKey = "e2b_test" });
        _sandbox = await _client.CreateAsync(cancellationToken: Token);
        _service.Requests.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await _sandbox.DisposeAsync();
        _client.Dispose();
        await _service.DisposeAsync();
    }

    [Fact]
    public async Task RunCellAsync_AllEvents_CollectsThemAndCallsBack()
    {
        _service.Map("POST /execute", static async context =>
        {
            await FakeSandboxService.LineAsync(context, """{"type":"number_of_executions","execution_count":3}""");
            await FakeSandboxService.LineAsync(context, """{"type":"stdout","text":"a\u00e9\n","timestamp":"2026-01-01T00:00:00Z"}""");
            await FakeSandboxService.LineAsync(context, """{"type":"keepalive"}""");
            await FakeSandboxService.LineAsync(context, """{"type":"stderr","text":"b","timestamp":"2026-01-01T00:00:00Z"}""");
            await FakeSandboxService.LineAsync(context, """{"type":"result","is_main_result":false,"png":"AAAA","extra":{}}""");
            await FakeSandboxService.LineAsync(context, """{"type":"result","is_main_result":true,"text":"42","json":{"x":1}}""");
            await FakeSandboxService.LineAsync(context, """{"type":"error","name":"ValueError","value":"v","traceback":"t"}""");
            await FakeSandboxService.LineAsync(context, """{"type":"end_of_execution"}""");
        });
        List<string> streamed = [];

        var cell = await _sandbox.RunCellAsync(
            "x",
            new CellOptions
            {
                Language = "python",
                Environment = new Dictionary<string, string> { ["Q"] = "1" },
                OnStdout = streamed.Add,
                OnStderr = streamed.Add,
                OnResult = result => streamed.Add(result.Png ?? result.Text ?? ""),
            },
            Token);

        Assert.Equal(["aé\n", "b", "AAAA", "42"], streamed);
        Assert.Equal(3, cell.ExecutionCount);
        Assert.Equal("42", cell.Text);
        Assert.Equal(1, cell.Results[1].Json!.Value.GetProperty("x").GetInt32());
        Assert.Equal("ValueError", cell.Error!.Name);
        var request = _service.Requests.Single();
        Assert.Equal("""{"code":"x","language":"python","env_vars":{"Q":"1"}}""", request.Text);
        Assert.Equal("49999", request.Headers["E2b-Sandbox-Port"]);
        Assert.Equal(_sandbox.Id, request.Headers["E2b-Sandbox-Id"]);
        Assert.Equal("secret", request.Headers["X-Access-Token"]);
    }

    [Fact]
    public async Task StreamCellAsync_OutputWhileRunning_ArrivesBeforeTheEnd()
    {
        var seen = new TaskCompletionSource();
        _service.Map("POST /execute", async context =>
        {
            await FakeSandboxService.LineAsync(context, """{"type":"stdout","text":"first","timestamp":""}""");
            await seen.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
            await FakeSandboxService.LineAsync(context, """{"type":"end_of_execution"}""");
        });

        await foreach (var cellEvent in _sandbox.StreamCellAsync("x", cancellationToken: Token))
        {
            Assert.Equal("first", Assert.IsType<CellStdout>(cellEvent).Text);
            seen.SetResult();
        }
    }

    [Fact]
    public async Task RunCellAsync_OverItsTimeout_HangsUpAndThrows()
    {
        var hungUp = new TaskCompletionSource();
        _service.Map("POST /execute", async context =>
        {
            await FakeSandboxService.LineAsync(context, """{"type":"number_of_executions","execution_count":1}""");
            using var registration = context.RequestAborted.Register(hungUp.SetResult);
            await hungUp.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
        });

        var exception = await Assert.ThrowsAsync<SandboxApiException>(
            () => _sandbox.RunCellAsync("x", new CellOptions { Timeout = TimeSpan.FromMilliseconds(200) }, Token));

        Assert.Equal("deadline_exceeded", exception.Code);
        await hungUp.Task.WaitAsync(TimeSpan.FromSeconds(60), Token);
    }

    [Fact]
    public async Task RunCellAsync_CallerCancels_IsCancellation()
    {
        using var caller = CancellationTokenSource.CreateLinkedTokenSource(Token);
        _service.Map("POST /execute", async context =>
        {
            await FakeSandboxService.LineAsync(context, """{"type":"number_of_executions","execution_count":1}""");
            await caller.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _sandbox.RunCellAsync("x", null, caller.Token));
    }

    [Fact]
    public async Task RunCellAsync_SandboxKilledMeanwhile_ThrowsGone()
    {
        _service.Map("GET /health", static context => FakeSandboxService.JsonAsync(context, 502, """{"code":502,"message":"The sandbox was not found"}"""));
        _service.Map("POST /execute", static async context =>
        {
            await FakeSandboxService.LineAsync(context, """{"type":"number_of_executions","execution_count":1}""");
            context.Abort();
        });

        var exception = await Assert.ThrowsAsync<SandboxApiException>(() => _sandbox.RunCellAsync("x", null, Token));

        Assert.Equal("sandbox_gone", exception.Code);
        Assert.False(await _sandbox.IsRunningAsync(Token));
    }

    [Fact]
    public async Task RunCommandAsync_OutputAndExit_AreReturned()
    {
        _service.Map("POST /process.Process/Start", static async context =>
        {
            await FakeSandboxService.FrameAsync(context, """{"event":{"start":{"pid":7}}}""");
            await FakeSandboxService.FrameAsync(context, """{"event":{"data":{"stdout":"aGkK"}}}""");
            await FakeSandboxService.FrameAsync(context, """{"event":{"keepalive":{}}}""");
            await FakeSandboxService.FrameAsync(context, """{"event":{"data":{"stderr":"ZXJyCg=="}}}""");
            await FakeSandboxService.FrameAsync(context, """{"event":{"end":{"exitCode":2,"exited":true,"status":"exit status 2","error":"exit status 2"}}}""");
            await FakeSandboxService.FrameAsync(context, "{}", flags: 2);
        });

        var result = await _sandbox.RunCommandAsync(
            "echo hi", new CommandOptions { User = "root", WorkingDirectory = "/tmp", Timeout = TimeSpan.FromSeconds(5) }, Token);

        Assert.Equal(new CommandResult(2, "hi\n", "err\n", "exit status 2"), result);
        var request = _service.Requests.Single();
        Assert.Equal("""{"process":{"cmd":"/bin/bash","args":["-l","-c","echo hi"],"cwd":"/tmp"},"stdin":false}""", request.FrameText);
        Assert.Equal("Basic " + Convert.ToBase64String("root:"u8), request.Headers["Authorization"]);
        Assert.Equal("5000", request.Headers["Connect-Timeout-Ms"]);
        Assert.Equal("49983", request.Headers["E2b-Sandbox-Port"]);
        Assert.Equal("application/connect+json", request.Headers["Content-Type"]);
    }

    [Theory]
    [InlineData("deadline_exceeded")]
    [InlineData("invalid_argument")]
    public async Task RunCommandAsync_StreamEndsWithError_ThrowsItsCode(string code)
    {
        _service.Map("POST /process.Process/Start", async context =>
        {
            if (code != "invalid_argument") await FakeSandboxService.FrameAsync(context, """{"event":{"start":{"pid":7}}}""");
            await FakeSandboxService.FrameAsync(context, $$$"""{"error":{"code":"{{{code}}}","message":"why"}}""", flags: 2);
        });

        var exception = await Assert.ThrowsAsync<SandboxApiException>(() => _sandbox.RunCommandAsync("x", null, Token));

        Assert.Equal((code, "why"), (exception.Code, exception.Message));
    }

    [Fact]
    public async Task StartCommandAsync_InputAndKill_GoToThePid()
    {
        MapRunningProcess();
        foreach (var method in new[] { "SendInput", "CloseStdin" })
            _service.Map("POST /process.Process/" + method, static context => FakeSandboxService.JsonAsync(context, 200, "{}"));
        _service.Map("POST /process.Process/SendSignal", static context => FakeSandboxService.JsonAsync(
            context, 404, """{"code":"not_found","message":"process with pid 7 not found"}"""));

        await using var process = await _sandbox.StartCommandAsync("cat", new CommandOptions { Stdin = true }, Token);
        await process.WriteInputAsync("Hi", Token);
        await process.CloseInputAsync(Token);

        Assert.Equal(7, process.Pid);
        Assert.False(await process.KillAsync(Token));
        Assert.Equal(
            ["""{"process":{"pid":7},"input":{"stdin":"SGk="}}""", """{"process":{"pid":7}}""", """{"process":{"pid":7},"signal":"SIGNAL_SIGKILL"}"""],
            _service.Requests.Skip(1).Select(static request => request.Text));
    }

    [Fact]
    public async Task StartTerminalAsync_TypeAndResize_UseThePty()
    {
        MapRunningProcess();
        foreach (var method in new[] { "SendInput", "Update" })
            _service.Map("POST /process.Process/" + method, static context => FakeSandboxService.JsonAsync(context, 200, "{}"));

        await using var terminal = await _sandbox.StartTerminalAsync(new TerminalOptions { Columns = 100, Rows = 30 }, Token);
        await terminal.WriteInputAsync("ls\n", Token);
        await terminal.ResizeAsync(120, 40, Token);

        var requests = _service.Requests.ToArray();
        Assert.Contains("\"pty\":{\"size\":{\"cols\":100,\"rows\":30}}", requests[0].FrameText, StringComparison.Ordinal);
        Assert.DoesNotContain("stdin", requests[0].FrameText, StringComparison.Ordinal);
        Assert.Equal("""{"process":{"pid":7},"input":{"pty":"bHMK"}}""", requests[1].Text);
        Assert.Equal("""{"process":{"pid":7},"pty":{"size":{"cols":120,"rows":40}}}""", requests[2].Text);
    }

    [Fact]
    public async Task Files_WriteAndRead_StreamBothWays()
    {
        var content = new byte[3_000_000];
        new Random(1).NextBytes(content);
        _service.Map("POST /files", static context => FakeSandboxService.JsonAsync(context, 200, """[{"name":"x","path":"/home/user/x","type":"file"}]"""));
        _service.Map("GET /files", async context => await context.Response.Body.WriteAsync(content, Token));

        using var source = new MemoryStream(content);
        await _sandbox.WriteFileAsync("a b/ü", source, "root", Token);
        using var copy = new MemoryStream();
        await using (var read = await _sandbox.ReadFileAsync("/x", cancellationToken: Token))
            await read.CopyToAsync(copy, Token);

        var written = _service.Requests.First();
        Assert.Equal("/files?path=a%20b%2F%C3%BC&username=root", written.Target);
        Assert.Equal(content, written.Body);
        Assert.True(source.CanRead);
        Assert.Equal(content, copy.ToArray());
    }

    [Fact]
    public async Task ListAsync_ProtoJson_IsUnderstood()
    {
        _service.Map("POST /filesystem.Filesystem/ListDir", static context => FakeSandboxService.JsonAsync(
            context, 200,
            """{"entries":[{"name":"x","type":"FILE_TYPE_FILE","path":"/home/user/x","size":"4","mode":420,"permissions":"-rw-r--r--","owner":"user","group":"user","modifiedTime":"2026-01-01T00:00:00Z"},{"name":"d","type":"FILE_TYPE_DIRECTORY","path":"/home/user/d","modifiedTime":"2026-01-01T00:00:00.1234567Z"}]}"""));

        var entries = await _sandbox.ListAsync("d", cancellationToken: Token);

        Assert.Equal(new FileEntry(
            "x", "/home/user/x", FileEntryType.File, 4, 420, "user", "user",
            new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), null), entries[0]);
        Assert.Equal(FileEntryType.Directory, entries[1].Type);
    }

    [Fact]
    public async Task StatAsync_Missing_IsNull()
    {
        _service.Map("POST /filesystem.Filesystem/Stat", static context => FakeSandboxService.JsonAsync(
            context, 404, """{"code":"not_found","message":"file not found: x"}"""));

        Assert.Null(await _sandbox.StatAsync("x", Token));
    }

    private void MapRunningProcess() => _service.Map("POST /process.Process/Start", static async context =>
    {
        await FakeSandboxService.FrameAsync(context, """{"event":{"start":{"pid":7}}}""");
        await UntilAbortedAsync(context);
    });

    private static async Task UntilAbortedAsync(HttpContext context)
    {
        var aborted = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(aborted.SetResult);
        await aborted.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }
}
