using System.Text;
using System.Text.Json;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.Tests.E2b.Envd;

public sealed class EnvdCallsTests : IAsyncLifetime
{
    private E2bNode _node = null!;
    private Created _sandbox = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await E2bNode.StartAsync();
        _sandbox = await _node.CreateAsync("""{"templateID":"base","envVars":{"A":"1"}}""");
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Process_CallsOfOneThatRuns_ReachIt()
    {
        using var frames = await _node.StreamAsync(
            _sandbox, "process.Process/Start", """{"process":{"cmd":"cat","args":["-u"]},"tag":"cat"}""");
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        var selector = $$$"""{"process":{"pid":{{{process.Pid}}} }""";

        var (_, list) = await _node.CallAsync(_sandbox, "process.Process/List", "{}");
        Assert.Equal(
            $$$$"""{"processes":[{"config":{"cmd":"cat","args":["-u"],"envs":{}},"pid":{{{{process.Pid}}}},"tag":"cat"}]}""",
            list.GetRawText());
        await ExpectOkAsync("process.Process/SendInput", selector + ",\"input\":{\"stdin\":\"SGk=\"}}");
        Assert.Equal("Hi"u8.ToArray(), await process.Inputs.Reader.ReadAsync(Cancelled));
        await ExpectOkAsync("process.Process/SendSignal", selector + ",\"signal\":\"SIGNAL_SIGTERM\"}");
        Assert.Equal(15, await process.Signals.Reader.ReadAsync(Cancelled));
        await ExpectOkAsync("process.Process/SendSignal", """{"process":{"tag":"cat"},"signal":"SIGNAL_SIGKILL"}""");
        Assert.Equal(9, await process.Signals.Reader.ReadAsync(Cancelled));
        await ExpectOkAsync("process.Process/Update", selector + ",\"pty\":{\"size\":{\"cols\":100,\"rows\":30}}}");
        await ExpectOkAsync("process.Process/CloseStdin", selector + "}");
        Assert.True(process.Inputs.Reader.Completion.IsCompleted);
    }

    [Fact]
    public async Task SendInput_LargerThanAFrame_ArrivesInPieces()
    {
        using var frames = await _node.StreamAsync(_sandbox, "process.Process/Start", """{"process":{"cmd":"cat"}}""");
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        var bytes = new byte[5_000_000];
        new Random(1).NextBytes(bytes);

        await ExpectOkAsync("process.Process/SendInput", $$$"""{"process":{"pid":{{{process.Pid}}} },"input":{"stdin":"{{{Convert.ToBase64String(bytes)}}}"}}""");

        process.Inputs.Writer.Complete();
        List<byte> received = [];
        await foreach (var piece in process.Inputs.Reader.ReadAllAsync(Cancelled))
        {
            Assert.True(piece.Length <= 1024 * 1024);
            received.AddRange(piece);
        }

        Assert.True(bytes.AsSpan().SequenceEqual(received.ToArray()));
    }

    [Theory]
    [InlineData("process.Process/SendSignal", "{\"process\":{\"pid\":999999},\"signal\":\"SIGNAL_SIGKILL\"}", 404, "not_found")]
    [InlineData("process.Process/SendSignal", "{\"process\":{\"pid\":1},\"signal\":\"SIGNAL_UNSPECIFIED\"}", 501, "unimplemented")]
    [InlineData("process.Process/SendSignal", "{\"process\":{}}", 501, "unimplemented")]
    [InlineData("process.Process/CloseStdin", "{\"process\":{}}", 400, "invalid_argument")]
    [InlineData("process.Process/CloseStdin", "{\"process\":{\"pid\":-1}}", 400, "invalid_argument")]
    [InlineData("process.Process/CloseStdin", "{\"process\":{\"pid\":4294967295}}", 404, "not_found")]
    [InlineData("process.Process/SendInput", "{\"process\":{\"pid\":1},\"input\":{}}", 400, "invalid_argument")]
    [InlineData("process.Process/SendInput", "{\"process\":{\"pid\":1},\"input\":{\"stdin\":\"%%%\"}}", 400, "invalid_argument")]
    [InlineData("filesystem.Filesystem/Stat", "{\"path\":\"nothing\"}", 404, "not_found")]
    [InlineData("filesystem.Filesystem/Stat", "{\"path\":1}", 400, "invalid_argument")]
    [InlineData("filesystem.Filesystem/Stat", "{\"path\":\"\\u0000\"}", 400, "invalid_argument")]
    [InlineData("filesystem.Filesystem/Stat", "{\"path\":\"\\ud800\"}", 400, "invalid_argument")]
    [InlineData("filesystem.Filesystem/Stat", "", 400, "invalid_argument")]
    [InlineData("filesystem.Filesystem/Stat", "{\"path\":", 400, "invalid_argument")]
    [InlineData("filesystem.Filesystem/ListDir", "{\"depth\":-1}", 400, "invalid_argument")]
    [InlineData("filesystem.Filesystem/Move", "{\"source\":\"nothing\",\"destination\":\"x\"}", 404, "not_found")]
    [InlineData("filesystem.Filesystem/GetWatcherEvents", "{\"watcherId\":\"nothing\"}", 404, "not_found")]
    [InlineData("filesystem.Filesystem/RemoveWatcher", "{}", 404, "not_found")]
    public async Task Unary_ThatFails_HasItsCodeAndStatus(string method, string json, int status, string code)
    {
        var (answered, body) = await _node.CallAsync(_sandbox, method, json);

        Assert.Equal(status, answered);
        Assert.Equal(code, body.GetProperty("code").GetString());
        Assert.NotEqual("", body.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData(AgentErrorCode.AlreadyExists, 409, "already_exists")]
    [InlineData(AgentErrorCode.PermissionDenied, 403, "permission_denied")]
    [InlineData(AgentErrorCode.OutOfSpace, 429, "resource_exhausted")]
    [InlineData(AgentErrorCode.FailedPrecondition, 400, "failed_precondition")]
    [InlineData(AgentErrorCode.Internal, 500, "internal")]
    [InlineData(AgentErrorCode.Unknown, 500, "unknown")]
    public async Task MakeDir_RefusedByTheAgent_HasItsCode(AgentErrorCode refusal, int status, string code)
    {
        _node.Agent.Failure = new AgentException(refusal, new string('m', 100_000));

        var (answered, body) = await _node.CallAsync(_sandbox, "filesystem.Filesystem/MakeDir", """{"path":"x"}""");

        Assert.Equal(status, answered);
        Assert.Equal(code, body.GetProperty("code").GetString());
        Assert.Equal(4096, body.GetProperty("message").GetString()!.Length);
    }

    [Fact]
    public async Task Files_Described_HaveTheWireForm()
    {
        _node.Agent.Files["/home/user/x"] = "four"u8.ToArray();

        var (status, body) = await _node.CallAsync(_sandbox, "filesystem.Filesystem/Stat", """{"path":"x"}""");

        Assert.Equal(200, status);
        Assert.Equal(
            """{"entry":{"name":"x","type":"FILE_TYPE_FILE","path":"/home/user/x","size":"4","mode":420,"permissions":"-rw-r--r--","owner":"user","group":"user","modifiedTime":"2026-01-01T00:00:00+00:00"}}""",
            body.GetRawText());
        var (_, list) = await _node.CallAsync(_sandbox, "filesystem.Filesystem/ListDir", "{}");
        Assert.StartsWith("{\"entries\":[{", list.GetRawText(), StringComparison.Ordinal);
        await ExpectOkAsync("filesystem.Filesystem/Remove", """{"path":"x"}""");
    }

    [Fact]
    public async Task WatchDir_SendsStartThenEvents()
    {
        using var frames = await _node.StreamAsync(_sandbox, "filesystem.Filesystem/WatchDir", """{"path":"d","recursive":true}""");
        await frames.ExpectAsync("""{"start":{}}""");

        _node.Agent.Changes.Writer.TryWrite(new WatchEventInfo("sub/f.txt", WatchEventType.Write, null));

        await frames.ExpectAsync("""{"filesystem":{"name":"sub/f.txt","type":"EVENT_TYPE_WRITE"}}""");
    }

    [Fact]
    public async Task Watchers_CollectUntilRemoved()
    {
        var (_, created) = await _node.CallAsync(_sandbox, "filesystem.Filesystem/CreateWatcher", """{"path":"d"}""");
        var watcher = created.GetRawText();
        _node.Agent.Changes.Writer.TryWrite(new WatchEventInfo("f", WatchEventType.Create, null));

        JsonElement events;
        do
        {
            // The events arrive when the watcher has read them; each answer hands them over once.
            events = (await _node.CallAsync(_sandbox, "filesystem.Filesystem/GetWatcherEvents", watcher)).Body.GetProperty("events");
        }
        while (events.GetArrayLength() == 0);

        Assert.Equal("""[{"name":"f","type":"EVENT_TYPE_CREATE"}]""", events.GetRawText());
        await ExpectOkAsync("filesystem.Filesystem/RemoveWatcher", watcher);
        Assert.Equal(404, (await _node.CallAsync(_sandbox, "filesystem.Filesystem/RemoveWatcher", watcher)).Status);
    }

    [Theory]
    [InlineData("POST", "/process.Process/List")]
    [InlineData("GET", "/envs")]
    [InlineData("GET", "/metrics")]
    [InlineData("GET", "/files?path=x")]
    [InlineData("POST", "/files/compose")]
    [InlineData("POST", "/init")]
    public async Task AnyRoute_WithoutTheToken_Is401(string method, string path)
    {
        foreach (var token in new[] { null, "", new string('0', 64) })
        {
            using var request = E2bNode.To(_sandbox, 49983, new HttpMethod(method), path, new StringContent("{}"));
            if (token is not null) request.Headers.Add("X-Access-Token", token);
            using var response = await _node.Client.SendAsync(request, Cancelled);

            Assert.Equal(401, (int)response.StatusCode);
            Assert.Contains("\"code\":401", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("/init")]
    [InlineData("/freeze")]
    [InlineData("/process.Process/Nothing")]
    public async Task InternalRoutes_AreNotThere(string path)
    {
        using var response = await _node.Client.SendAsync(
            E2bNode.Envd(_sandbox, HttpMethod.Post, path, new StringContent("{}")), Cancelled);

        Assert.Equal(404, (int)response.StatusCode);
    }

    [Fact]
    public async Task HealthEnvsAndMetrics_Answer()
    {
        using var health = await _node.Client.SendAsync(E2bNode.To(_sandbox, 49983, HttpMethod.Get, "/health"), Cancelled);
        Assert.Equal(204, (int)health.StatusCode);
        using var envs = await _node.Client.SendAsync(E2bNode.Envd(_sandbox, HttpMethod.Get, "/envs"), Cancelled);
        Assert.Equal("""{"A":"1"}""", await envs.Content.ReadAsStringAsync(Cancelled));
        using var metrics = await _node.Client.SendAsync(E2bNode.Envd(_sandbox, HttpMethod.Get, "/metrics"), Cancelled);
        Assert.Contains("\"mem_total_mib\":512", await metrics.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Preflight_FromAnyPage_IsAllowed()
    {
        using var request = E2bNode.To(_sandbox, 49983, HttpMethod.Options, "/process.Process/Start");
        request.Headers.Add("Origin", "https://example.com");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "x-access-token");
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal(204, (int)response.StatusCode);
        Assert.Equal("*", response.Headers.GetValues("Access-Control-Allow-Origin").Single());
        Assert.Equal("x-access-token", response.Headers.GetValues("Access-Control-Allow-Headers").Single());
    }

    private async Task ExpectOkAsync(string method, string json)
    {
        using var request = E2bNode.Envd(
            _sandbox, HttpMethod.Post, "/" + method, new StringContent(json, Encoding.UTF8, "application/json"));
        using var response = await _node.Client.SendAsync(request, Cancelled);
        Assert.Equal("{}", await response.Content.ReadAsStringAsync(Cancelled));
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.ToString());
    }
}
