using System.Text;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.Tests.E2b.Envd;

public sealed class ProcessStreamsTests : IAsyncLifetime
{
    private const string Start = """{"process":{"cmd":"/bin/bash","args":["-l","-c","true"]},"stdin":false}""";

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
    public async Task Start_UntilTheEnd_SendsExactlyTheseFrames()
    {
        using var frames = await _node.StreamAsync(
            _sandbox, "process.Process/Start",
            """{"process":{"cmd":"/bin/bash","args":["-l","-c","x"],"envs":{"A":"b"},"cwd":"/tmp"},"stdin":false,"tag":"t","extra":1}""",
            request => request.Headers.Authorization = new("Basic", Convert.ToBase64String("root:"u8)));
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        process.Stdout("hi\n").Stderr("err\n").Exit(0);

        Assert.Equal("application/connect+json", frames.Response.Content.Headers.ContentType!.ToString());
        await frames.ExpectAsync($$$$"""{"event":{"start":{"pid":{{{{process.Pid}}}}}}}""");
        await frames.ExpectAsync("""{"event":{"data":{"stdout":"aGkK"}}}""");
        await frames.ExpectAsync("""{"event":{"data":{"stderr":"ZXJyCg=="}}}""");
        await frames.ExpectAsync("""{"event":{"end":{"exitCode":0,"exited":true,"status":"exit status 0"}}}""");
        await frames.ExpectEndAsync("{}");
        Assert.Equal("root", process.Request.User);
        Assert.Equal("/tmp", process.Request.WorkingDirectory);
        Assert.Equal("t", process.Request.Tag);
        Assert.False(process.Request.Stdin);
        Assert.Equal("b", process.Request.Environment["A"]);
    }

    [Theory]
    [InlineData(3, 0, """{"event":{"end":{"exitCode":3,"exited":true,"status":"exit status 3","error":"exit status 3"}}}""")]
    [InlineData(-1, 9, """{"event":{"end":{"exitCode":-1,"exited":false,"status":"signal: killed","error":"signal: killed"}}}""")]
    [InlineData(-1, 15, """{"event":{"end":{"exitCode":-1,"exited":false,"status":"signal: terminated","error":"signal: terminated"}}}""")]
    public async Task Start_ThatFails_SaysHow(int code, int signal, string end)
    {
        _node.Agent.ProcessScript = process => process.Exit(code, signal);
        using var frames = await _node.StreamAsync(_sandbox, "process.Process/Start", Start);

        await frames.NextAsync();
        await frames.ExpectAsync(end);
        await frames.ExpectEndAsync("{}");
    }

    [Fact]
    public async Task Start_WithoutStdinAndWithPty_HasStdinAndTheSize()
    {
        using var frames = await _node.StreamAsync(
            _sandbox, "process.Process/Start", """{"process":{"cmd":"/bin/bash"},"pty":{"size":{"cols":80,"rows":24}}}""");
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        process.Write(OutputChannel.Pty, [0, 255, 10]).Exit(0);

        await frames.NextAsync();
        await frames.ExpectAsync("""{"event":{"data":{"pty":"AP8K"}}}""");
        Assert.True(process.Request.Stdin);
        Assert.Equal(new Contracts.Agent.PtySize(80, 24), process.Request.Pty);
    }

    [Fact]
    public async Task Start_LargeChunks_ArriveByteForByte()
    {
        var bytes = new byte[65_536];
        new Random(1).NextBytes(bytes);
        _node.Agent.ProcessScript = process =>
        {
            for (var i = 0; i < 100; i++) process.Write(OutputChannel.Stdout, bytes);
            process.Exit(0);
        };
        using var frames = await _node.StreamAsync(_sandbox, "process.Process/Start", Start);

        await frames.NextAsync();
        var expected = $$$$"""{"event":{"data":{"stdout":"{{{{Convert.ToBase64String(bytes)}}}}"}}}""";
        for (var i = 0; i < 100; i++) await frames.ExpectAsync(expected);
    }

    [Fact]
    public async Task Start_InSilence_SendsKeepalives()
    {
        using var frames = await _node.StreamAsync(
            _sandbox, "process.Process/Start", Start, request => request.Headers.Add("Keepalive-Ping-Interval", "50"));
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        await frames.NextAsync();

        await _node.Time.ArmedAsync(TimeSpan.FromSeconds(50), Cancelled);
        _node.Time.Advance(TimeSpan.FromSeconds(50));
        await frames.ExpectAsync("""{"event":{"keepalive":{}}}""");
        process.Stdout("x").Exit(0);
        await frames.ExpectAsync("""{"event":{"data":{"stdout":"eA=="}}}""");
    }

    [Fact]
    public async Task Start_PastItsDeadline_KillsTheProcessAndSaysSo()
    {
        using var frames = await _node.StreamAsync(
            _sandbox, "process.Process/Start", Start, request => request.Headers.Add("Connect-Timeout-Ms", "2000"));
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        await frames.NextAsync();

        _node.Time.Advance(TimeSpan.FromSeconds(2));

        var (flags, json) = await frames.NextAsync();
        Assert.Equal(2, flags);
        Assert.StartsWith("""{"error":{"code":"deadline_exceeded",""", json, StringComparison.Ordinal);
        Assert.Equal(9, await process.Signals.Reader.ReadAsync(Cancelled));
    }

    [Fact]
    public async Task Start_WhenTheClientLeavesBeforeItsDeadline_KillsTheProcessAtIt()
    {
        var frames = await _node.StreamAsync(
            _sandbox, "process.Process/Start", Start, request => request.Headers.Add("Connect-Timeout-Ms", "60000"));
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        await frames.NextAsync();
        _node.Time.Advance(TimeSpan.FromSeconds(10));

        frames.Dispose();
        await _node.Time.ArmedAsync(TimeSpan.FromSeconds(50), Cancelled);
        Assert.False(process.Signals.Reader.TryRead(out _));
        _node.Time.Advance(TimeSpan.FromSeconds(50));

        Assert.Equal(9, await process.Signals.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Cancelled));
    }

    [Fact]
    public async Task Start_WhenTheClientLeaves_LetsTheProcessLive()
    {
        var frames = await _node.StreamAsync(_sandbox, "process.Process/Start", Start);
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        await frames.NextAsync();

        frames.Dispose();

        await process.Disposed.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Assert.False(process.Signals.Reader.TryRead(out _));
    }

    [Fact]
    public async Task Start_WhenTheSandboxIsKilled_BreaksOffAndHealthIs502()
    {
        using var frames = await _node.StreamAsync(_sandbox, "process.Process/Start", Start);
        await _node.Agent.NextProcessAsync(Cancelled);
        await frames.NextAsync();

        using var killed = await _node.SendAsync(HttpMethod.Delete, $"/sandboxes/{_sandbox.Id}");

        await Assert.ThrowsAnyAsync<IOException>(frames.NextAsync);
        using var health = await _node.Client.SendAsync(E2bNode.Envd(_sandbox, HttpMethod.Get, "/health"), Cancelled);
        Assert.Equal(502, (int)health.StatusCode);
        Assert.Equal(
            $$"""{"sandboxId":"{{_sandbox.Id}}","message":"The sandbox was not found","code":502}""",
            await health.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Start_WhenTheAgentDies_BreaksOff()
    {
        using var frames = await _node.StreamAsync(_sandbox, "process.Process/Start", Start);
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        await frames.NextAsync();

        process.Break(new AgentUnreachableException("gone"));
        _node.Engine.Sandboxes[0].Exit(Isolation.Sandboxes.SandboxExit.AgentDied);

        await Assert.ThrowsAnyAsync<IOException>(frames.NextAsync);
    }

    [Theory]
    [InlineData("{}", "invalid_argument")]
    [InlineData("[]", "invalid_argument")]
    [InlineData("{\"process\":{}}", "invalid_argument")]
    [InlineData("{\"process\":{\"cmd\":\"\"}}", "invalid_argument")]
    [InlineData("{\"process\":{\"cmd\":\"a\\u0000b\"}}", "invalid_argument")]
    [InlineData("{\"process\":{\"cmd\":\"a\",\"args\":[null]}}", "invalid_argument")]
    [InlineData("{\"process\":{\"cmd\":\"a\",\"args\":\"x\"}}", "invalid_argument")]
    [InlineData("{\"process\":{\"cmd\":\"a\",\"envs\":{\"A=\":\"\"}}}", "invalid_argument")]
    [InlineData("{\"process\":{\"cmd\":\"a\",\"envs\":{\"A\":null}}}", "invalid_argument")]
    [InlineData("{\"process\":{\"cmd\":\"a\"},\"pty\":{\"size\":{\"cols\":100000,\"rows\":1}}}", "invalid_argument")]
    [InlineData("{\"process\":{\"cmd\":\"a\"},\"pty\":{\"size\":{\"cols\":-1,\"rows\":1}}}", "invalid_argument")]
    public async Task Start_WithABadRequest_Is200WithTheErrorAtTheEnd(string json, string code)
    {
        using var frames = await _node.StreamAsync(_sandbox, "process.Process/Start", json);

        Assert.Equal(200, (int)frames.Response.StatusCode);
        var (flags, end) = await frames.NextAsync();
        Assert.Equal(2, flags);
        Assert.StartsWith($$$"""{"error":{"code":"{{{code}}}",""", end, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_AsAnUnknownUser_IsUnauthenticated()
    {
        using var frames = await _node.StreamAsync(
            _sandbox, "process.Process/Start", Start,
            request => request.Headers.Authorization = new("Basic", Convert.ToBase64String("nobody-here:"u8)));

        Assert.Equal((2, """{"error":{"code":"unauthenticated","message":"invalid username: \u0027nobody-here\u0027"}}"""), await frames.NextAsync());
    }

    [Theory]
    [InlineData(new byte[] { })]
    [InlineData(new byte[] { 0, 0 })]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 123 })]
    [InlineData(new byte[] { 1, 0, 0, 0, 2, 123, 125 })]
    [InlineData(new byte[] { 0, 255, 255, 255, 255, 123 })]
    public async Task Start_WithABrokenEnvelope_SaysSo(byte[] body)
    {
        using var request = E2bNode.Envd(_sandbox, HttpMethod.Post, "/process.Process/Start", new ByteArrayContent(body));
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal(200, (int)response.StatusCode);
        var answer = Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync(Cancelled));
        Assert.Contains("invalid_argument", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_ToARunningProcess_StreamsItsOutput()
    {
        using var first = await _node.StreamAsync(_sandbox, "process.Process/Start", Start);
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        await first.NextAsync();
        using var second = await _node.StreamAsync(_sandbox, "process.Process/Connect", $$$"""{"process":{"pid":{{{process.Pid}}} }}""");

        Assert.Contains("start", (await second.NextAsync()).Json, StringComparison.Ordinal);
        using var unknown = await _node.StreamAsync(_sandbox, "process.Process/Connect", """{"process":{"pid":999999}}""");
        Assert.Equal((2, """{"error":{"code":"not_found","message":"process with pid 999999 not found"}}"""), await unknown.NextAsync());
    }
}
