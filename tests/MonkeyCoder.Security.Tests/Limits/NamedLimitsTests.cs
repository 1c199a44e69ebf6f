using MonkeyCoder.Client;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Security.Tests.Node;

namespace MonkeyCoder.Security.Tests.Limits;

/// <summary>Each limit that bites is named to the caller, and the next execution works.</summary>
[Collection(SecurityCollection.Name)]
[Trait("Needs", "root")]
public sealed class NamedLimitsTests(SecurityNode security)
{
    private const string Memory = "x = [bytearray(b'x') * (16 << 20) for _ in range(60)]";
    private const string Disk = "with open('/home/user/full', 'wb', 0) as file:\n    for _ in range(1100): file.write(bytes(1 << 20))";
    private const string Processes = "import os, time\nfor _ in range(400):\n    if os.fork() == 0:\n        time.sleep(30)\n        os._exit(0)";
    private const string Files = """
        import os
        for i in range(300):
            os.makedirs(f'/home/user/many/{i}')
            for j in range(1000): os.close(os.open(f'/home/user/many/{i}/{j}', os.O_CREAT | os.O_WRONLY))
        """;
    private const string OpenFiles = "files = [open('/dev/null') for _ in range(5000)]";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string FillVolume(string name) =>
        $"with open('/sandbox/volumes/{name}/full', 'wb', 0) as file:\n    for _ in range(1100): file.write(bytes(1 << 20))";

    [Theory]
    [InlineData(Memory, "memory")]
    [InlineData(Disk, "disk")]
    [InlineData(Processes, "processes")]
    [InlineData(OpenFiles, "open_files")]
    [InlineData(Files, "files")]
    public async Task Execute_OverALimit_NamesIt(string code, string reason)
    {
        using var client = security.Node.NewClient();
        var answer = await client.ExecuteCodeAsync(code, "limit-" + reason, TimeSpan.FromMinutes(2), null, Token);
        Assert.Equal((ExecutionStatus.Killed, reason), (answer.Status, answer.Reason));
        var next = await client.ExecuteCodeAsync("print('ok')", "after-" + reason, null, null, Token);
        Assert.Equal("ok\n", string.Concat(next.Result.Logs.Stdout));
    }

    [Theory]
    [InlineData("workspace", 1024)]
    [InlineData("temp", 512)]
    [InlineData("logs", 256)]
    public async Task Execute_OverTheLimitOfAVolume_NamesItAndLeavesTheOtherVolumes(string volume, int mebibytes)
    {
        using var client = security.Node.NewClient();
        var keep = new ExecuteCodeOptions { Keep = true };
        var answer = await client.ExecuteCodeAsync(FillVolume(volume), "volume-" + volume, TimeSpan.FromMinutes(2), keep, Token);
        Assert.Equal((ExecutionStatus.Killed, "volume_" + volume), (answer.Status, answer.Reason));
        var others = new[] { "workspace", "temp", "logs" }.Where(other => other != volume);
        var check = $"import os\nprint(os.path.getsize('/sandbox/volumes/{volume}/full') >> 20)\n"
            + string.Concat(others.Select(static other => $"print(open('/sandbox/volumes/{other}/small', 'w').write('small'))\n"));
        var next = await client.ExecuteCodeAsync(check, "others-" + volume, null, new ExecuteCodeOptions { SandboxId = answer.SandboxId }, Token);
        var lines = string.Concat(next.Result.Logs.Stdout).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(int.Parse(lines[0], System.Globalization.CultureInfo.InvariantCulture), mebibytes * 9 / 10, mebibytes);
        Assert.Equal(["5", "5"], lines[1..]);
        await client.KillAsync(answer.SandboxId!, Token);
    }

    [Fact]
    public async Task Execute_OverItsTime_IsTimeout()
    {
        using var client = security.Node.NewClient();
        var answer = await client.ExecuteCodeAsync("while True: pass", "limit-time", TimeSpan.FromSeconds(1), null, Token);
        Assert.Equal(ExecutionStatus.Timeout, answer.Status);
    }

    [Fact]
    public async Task Execute_OverItsOutput_SaysWhatIsMissing()
    {
        using var client = security.Node.NewClient();
        var answer = await client.ExecuteCodeAsync("print('x' * (20 << 20))", "limit-output", null, null, Token);
        Assert.Equal("output_limit", Assert.Single(answer.Result.Logs.Truncated!, static cut => cut.Stream == "stdout").Reason);
    }

    [Fact]
    public async Task Sandbox_AtTheEndOfItsLife_IsGone()
    {
        using var client = security.Node.NewClient();
        var sandbox = await client.CreateAsync(new SandboxCreateOptions { Template = "base", Timeout = TimeSpan.FromSeconds(1) }, Token);
        using var period = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (await ExistsAsync(client, sandbox.Id, limit.Token)) await period.WaitForNextTickAsync(limit.Token);
        var refused = await Assert.ThrowsAsync<SandboxApiException>(() => sandbox.RunCommandAsync("true", null, Token));
        Assert.Equal("sandbox_gone", refused.Code);
    }

    private static async Task<bool> ExistsAsync(SandboxClient client, string id, CancellationToken cancellationToken)
    {
        await foreach (var sandbox in client.ListSandboxesAsync(null, cancellationToken))
            if (sandbox.SandboxId == id) return true;
        return false;
    }
}
