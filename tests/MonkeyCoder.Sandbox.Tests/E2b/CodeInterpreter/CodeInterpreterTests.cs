using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Tests.E2b.CodeInterpreter;

public sealed class CodeInterpreterTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Time = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private E2bNode _node = null!;
    private Created _sandbox = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await E2bNode.StartAsync();
        _sandbox = await _node.CreateAsync();
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Execute_EveryEvent_IsOneAsciiLine()
    {
        var lines = await PlayAsync(
            new CellStarted(1),
            new CellText(OutputChannel.Stdout, "ü\n", Time),
            new CellText(OutputChannel.Stderr, "err", Time),
            new CellResult(Encoding.UTF8.GetBytes("""{"is_main_result":true,"text":"€","chart":{"title":null,"n":1.50e1},"html":null,"type":"end","extra":{}}""")),
            new CellError("E", "v", "t"),
            new CellEnded(CellStatus.Failed, null));

        Assert.Equal(
            [
                """{"type":"number_of_executions","execution_count":1}""",
                """{"type":"stdout","text":"\u00FC\n","timestamp":"2026-01-01T00:00:00+00:00"}""",
                """{"type":"stderr","text":"err","timestamp":"2026-01-01T00:00:00+00:00"}""",
                """{"type":"result","is_main_result":true,"text":"\u20AC","chart":{"title":null,"n":1.50e1},"extra":{}}""",
                """{"type":"error","name":"E","value":"v","traceback":"t"}""",
                """{"type":"end_of_execution"}""",
                "",
            ],
            lines);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{\"text\":\"x\"} {}")]
    [InlineData("{\"text\":")]
    public async Task Execute_WithAHostileResult_SaysThatItIsMissing(string json)
    {
        var lines = await PlayAsync(new CellResult(Encoding.UTF8.GetBytes(json)), new CellEnded(CellStatus.Completed, null));

        Assert.Equal($$"""{"type":"cut","stream":"result","reason":"not_json","offset":0,"bytes":{{json.Length}}}""", lines[0]);
        Assert.Contains("result was cut", lines[1], StringComparison.Ordinal);
        Assert.Equal("""{"type":"end_of_execution"}""", lines[2]);
    }

    [Fact]
    public async Task Execute_WithLineBreaksInsideAResult_StaysOneLine()
    {
        var lines = await PlayAsync(
            new CellResult(Encoding.UTF8.GetBytes("{\n \"text\": \"a\",\n \"json\": {\"k\\u000a\":\n [1,\n \"\\ud800\"]}\n}")),
            new CellEnded(CellStatus.Completed, null));

        Assert.Equal("""{"type":"result","text":"a","json":{"k\n":[1,"\uFFFD"]}}""", lines[0]);
    }

    [Theory]
    [InlineData("Killed", "memory", "UnexpectedEndOfExecution")]
    [InlineData("Timeout", null, "TimeoutError")]
    public async Task Execute_EndedFromOutside_IsAnError(string status, string? reason, string name)
    {
        var lines = await PlayAsync(new CellStarted(1), new CellEnded(Enum.Parse<CellStatus>(status), reason));

        Assert.StartsWith($$"""{"type":"error","name":"{{name}}",""", lines[1], StringComparison.Ordinal);
        Assert.Contains(reason ?? "", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_PassesOnWhatItWasAsked()
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, "/execute", """{"code":"1","context_id":null,"language":"JS","env_vars":{"Q":"1"}}""");
        var answer = _node.Client.SendAsync(request, Cancelled);
        var cell = await _node.Cells.NextAsync(Cancelled);
        cell.Play(new CellEnded(CellStatus.Completed, null));
        using var response = await answer;

        Assert.Equal("1", cell.Request.Code);
        Assert.Equal("javascript", cell.Request.Context.Language);
        Assert.Equal("1", cell.Request.Environment["Q"]);
        Assert.Null(cell.Request.Timeout);
    }

    [Fact]
    public async Task Execute_BeforeAnyOutput_HasSentItsHeadersAndKeepsAlive()
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, "/execute", """{"code":"1"}""");
        using var response = await _node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        var cell = await _node.Cells.NextAsync(Cancelled);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));

        await _node.Time.ArmedAsync(TimeSpan.FromSeconds(5), Cancelled);
        _node.Time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("""{"type":"keepalive"}""", await reader.ReadLineAsync(Cancelled));
        cell.Play(new CellEnded(CellStatus.Completed, null));
        Assert.Equal("""{"type":"end_of_execution"}""", await reader.ReadLineAsync(Cancelled));
    }

    [Fact]
    public async Task Execute_WhenTheClientLeaves_IsCancelled()
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, "/execute", """{"code":"1"}""");
        var response = await _node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        var cell = await _node.Cells.NextAsync(Cancelled);

        response.Dispose();

        await cell.Left.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
    }

    [Fact]
    public async Task Execute_WhenTheSandboxIsKilled_BreaksOff()
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, "/execute", """{"code":"1"}""");
        using var response = await _node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await _node.Cells.NextAsync(Cancelled);

        using var killed = await _node.SendAsync(HttpMethod.Delete, $"/sandboxes/{_sandbox.Id}");

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Execute_WhenTheKernelDoesNotStart_SaysSo()
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, "/execute", """{"code":"1"}""");
        var answer = _node.Client.SendAsync(request, Cancelled);
        (await _node.Cells.NextAsync(Cancelled)).Events.Writer.Complete(new KernelStartException("no python"));
        using var response = await answer;

        var text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.StartsWith("""{"type":"error","name":"KernelStartError","value":"no python",""", text, StringComparison.Ordinal);
        Assert.EndsWith("""{"type":"end_of_execution"}""" + "\n", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", 400)]
    [InlineData("{}", 400)]
    [InlineData("{\"code\":1}", 400)]
    [InlineData("{\"code\":null}", 400)]
    [InlineData("{\"code\":\"1\",\"language\":\"cobol\"}", 400)]
    [InlineData("{\"code\":\"1\",\"context_id\":\"a\",\"language\":\"python\"}", 400)]
    [InlineData("{\"code\":\"1\",\"env_vars\":{\"a b\":\"1\"}}", 400)]
    [InlineData("{\"code\":\"1\",\"env_vars\":{\"a\":null}}", 400)]
    [InlineData("{\"code\":\"1\",\"env_vars\":[]}", 400)]
    [InlineData("{\"code\":\"1\",\"context_id\":\"nothing\"}", 404)]
    public async Task Execute_WithABadRequest_IsRefusedInText(string json, int status)
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, "/execute", json);
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
    }

    [Theory]
    [InlineData(3_000_000)]
    [InlineData(20_000_000)]
    public async Task Execute_WithHugeCode_Is413(int length)
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, "/execute", $$"""{"code":"{{new string('x', length)}}"}""");
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal(413, (int)response.StatusCode);
    }

    [Fact]
    public async Task Contexts_AreListedMadeRestartedAndRemoved()
    {
        using var defaults = await SendAsync(HttpMethod.Get, "/contexts");
        var listed = await defaults.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(["python", "javascript"], listed.EnumerateArray().Select(item => item.GetProperty("language").GetString()));

        using var made = await SendAsync(HttpMethod.Post, "/contexts", """{"language":"Python","cwd":"/tmp"}""");
        var context = await made.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        var id = context.GetProperty("id").GetString()!;
        Assert.Equal("/tmp", context.GetProperty("cwd").GetString());
        Assert.Equal("python", context.GetProperty("language").GetString());

        using var after = await SendAsync(HttpMethod.Get, "/contexts");
        Assert.Equal(id, (await after.Content.ReadFromJsonAsync<JsonElement>(Cancelled))[2].GetProperty("id").GetString());
        using var restarted = await SendAsync(HttpMethod.Post, $"/contexts/{id}/restart");
        Assert.Equal("null", await restarted.Content.ReadAsStringAsync(Cancelled));
        using var removed = await SendAsync(HttpMethod.Delete, $"/contexts/{id}");
        Assert.Equal("null", await removed.Content.ReadAsStringAsync(Cancelled));
        using var again = await SendAsync(HttpMethod.Delete, $"/contexts/{id}");
        Assert.Equal(404, (int)again.StatusCode);
        Assert.Equal([id], _node.Cells.Restarted);
        Assert.Equal([id], _node.Cells.Closed);
    }

    [Theory]
    [InlineData("POST", "/contexts", "{\"language\":\"cobol\"}", 400)]
    [InlineData("POST", "/contexts", "{\"language\":1}", 400)]
    [InlineData("POST", "/contexts", "{\"cwd\":\"\"}", 400)]
    [InlineData("POST", "/contexts/nothing/restart", null, 404)]
    [InlineData("DELETE", "/contexts/nothing", null, 404)]
    [InlineData("DELETE", "/contexts/", null, 404)]
    [InlineData("GET", "/nothing", null, 404)]
    public async Task Contexts_BadRequests_AreRefused(string method, string path, string? json, int status)
    {
        using var response = await SendAsync(new HttpMethod(method), path, json);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Health_IsOk()
    {
        using var response = await SendAsync(HttpMethod.Get, "/health");

        Assert.Equal("\"OK\"", await response.Content.ReadAsStringAsync(Cancelled));
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? json = null)
    {
        using var request = E2bNode.Code(_sandbox, method, path, json);
        return await _node.Client.SendAsync(request, Cancelled);
    }

    private async Task<string[]> PlayAsync(params CellEvent[] events)
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, "/execute", """{"code":"1"}""");
        var answer = _node.Client.SendAsync(request, Cancelled);
        (await _node.Cells.NextAsync(Cancelled)).Play(events);
        using var response = await answer;
        Assert.Equal(200, (int)response.StatusCode);
        return (await response.Content.ReadAsStringAsync(Cancelled)).Split('\n');
    }
}
