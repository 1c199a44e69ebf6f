using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Tests.Hosting;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Executions;

public sealed class ExecuteTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Execute_Code_AnswersWithWhatItGave()
    {
        await using var node = await NodeFixture.StartAsync();
        FakeSandbox? sandbox = null;
        node.Agent.Script = cell =>
        {
            sandbox = Assert.Single(node.Engine.Sandboxes);
            sandbox.Usage = sandbox.Usage with
            {
                CpuTime = TimeSpan.FromSeconds(0.5), MemoryPeakBytes = 1000, DiskWrittenBytes = 20, NetworkBytes = 3,
            };
            cell.Count(1).Stdout("hello\nwor").Stderr("oops\n").Stdout("ld").Result("""{"is_main_result":true,"text":"2"}""").Idle();
        };

        var response = await ExecuteAsync(node, """{"sandbox_type":"code","action":"execute","code":"1+1","timeout":30,"metadata":{"a":1}}""");

        Assert.Equal("e1", response.ExecutionId);
        Assert.Equal(ExecutionStatus.Completed, response.Status);
        Assert.Equal(["hello", "oops", "world"], response.Logs);
        Assert.Equal(["hello\nwor", "ld"], response.Result.Logs.Stdout);
        Assert.Equal(["oops\n"], response.Result.Logs.Stderr);
        Assert.Equal("2", Assert.Single(response.Result.Results).Text);
        Assert.Null(response.Result.Error);
        Assert.Equal(1, response.Result.ExecutionCount);
        Assert.Equal(0.5, response.ResourceUsage.CpuSeconds);
        Assert.Equal(1000, response.ResourceUsage.PeakMemoryBytes);
        Assert.Equal(20, response.ResourceUsage.DiskWrittenBytes);
        Assert.Equal(3, response.ResourceUsage.NetworkBytes);
        Assert.Equal(response.ExecutionTime, response.ResourceUsage.WallSeconds);
        Assert.Null(response.SandboxId);
        await sandbox!.Exited.WaitAsync(Patience, Token);
        Assert.Equal(SandboxProfile.Strict, sandbox.Spec.Profile);
    }

    [Fact]
    public async Task Execute_CodeThatRaises_IsAnAnswer()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Error("ValueError", "bad", "Traceback…").Idle();

        var response = await ExecuteAsync(node, """{"code":"raise ValueError('bad')"}""");

        Assert.Equal(ExecutionStatus.Failed, response.Status);
        Assert.Equal(new ExecutionError("ValueError", "bad", "Traceback…"), response.Result.Error);
    }

    [Fact]
    public async Task Execute_Keep_RunsTheNextCellInTheSameSandbox()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();

        var first = await ExecuteAsync(node, """{"code":"x=1","keep":true}""");
        var second = await ExecuteAsync(node, $$"""{"code":"x","sandbox_id":"{{first.SandboxId}}"}""");

        Assert.NotNull(first.SandboxId);
        Assert.Equal(first.SandboxId, second.SandboxId);
        Assert.False(Assert.Single(node.Engine.Sandboxes).IsDisposed);
    }

    [Fact]
    public async Task Execute_PausedSandbox_IsRefusedUntilItIsResumed()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();
        var kept = await ExecuteAsync(node, """{"code":"x=1","keep":true}""");
        var next = $$"""{"code":"x","sandbox_id":"{{kept.SandboxId}}"}""";
        using var paused = await node.PostAsync($"/sandboxes/{kept.SandboxId}/pause", "{}");
        Assert.Equal(204, (int)paused.StatusCode);

        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/execute", next), 409, "sandbox_paused");
        Assert.Contains("sandbox_paused_sessions 1", await node.Http.GetStringAsync("/metrics", Token), StringComparison.Ordinal);

        using var resumed = await node.PostAsync($"/v2/sandboxes/{kept.SandboxId}/connect", "{}");
        Assert.Equal(201, (int)resumed.StatusCode);
        Assert.Equal(kept.SandboxId, (await ExecuteAsync(node, next)).SandboxId);
    }

    [Fact]
    public async Task Execute_PausedWhileCellsRunAndWait_AnswersAllAndInterruptsNone()
    {
        await using var node = await NodeFixture.StartAsync();
        var first = node.PostAsync("/sandbox/execute", """{"code":"1","keep":true}""");
        (await node.Agent.NextCellAsync(Token)).Count(1).Idle();
        var id = (await AnswerAsync(await first)).SandboxId;
        var next = $$"""{"code":"2","sandbox_id":"{{id}}"}""";
        var running = node.PostAsync("/sandbox/execute", next);
        var cell = await node.Agent.NextCellAsync(Token);
        cell.Count(2).Stdout("a");
        await cell.FirstTaken.Task.WaitAsync(Patience, Token);
        Task<HttpResponseMessage>[] waiting = [node.PostAsync("/sandbox/execute", next), node.PostAsync("/sandbox/execute", next)];
        await StartedAsync(node, executions: 4);

        using var paused = await node.PostAsync($"/sandboxes/{id}/pause", "{}");
        Assert.Equal(204, (int)paused.StatusCode);

        Assert.Contains("goes on", (await NodeFixture.AssertProblemAsync(await running, 409, "sandbox_paused")).Detail, StringComparison.Ordinal);
        foreach (var one in waiting) await NodeFixture.AssertProblemAsync(await one, 409, "sandbox_paused");
        Assert.False(cell.Disposed.Task.IsCompleted);
        using var resumed = await node.PostAsync($"/v2/sandboxes/{id}/connect", "{}");
        cell.Stdout("b").Idle();
        // The next cell that begins is this one: those that waited are not to come.
        var last = node.PostAsync("/sandbox/execute", $$"""{"code":"3","sandbox_id":"{{id}}"}""");
        var after = await node.Agent.NextCellAsync(Token);
        Assert.Equal("3", after.Request.Code);
        after.Count(3).Idle();
        Assert.Equal(ExecutionStatus.Completed, (await AnswerAsync(await last)).Status);
    }

    [Fact]
    public async Task Execute_FreshSandboxPausedUnderItsOnlyCell_IsRemoved()
    {
        await using var node = await NodeFixture.StartAsync();
        var running = node.PostAsync("/sandbox/execute", """{"code":"1"}""");
        await node.Agent.NextCellAsync(Token);
        var sandbox = Assert.Single(node.Engine.Sandboxes);

        using var paused = await node.PostAsync($"/sandboxes/{sandbox.Id.Value}/pause", "{}");

        Assert.Equal(204, (int)paused.StatusCode);
        Assert.Contains("removed", (await NodeFixture.AssertProblemAsync(await running, 409, "sandbox_paused")).Detail, StringComparison.Ordinal);
        await sandbox.Exited.WaitAsync(Patience, Token);
    }

    [Fact]
    public async Task Execute_SandboxThatWasGivenMoreTime_KeepsIt()
    {
        await using var node = await NodeFixture.StartAsync("--Executions:MaxTimeout=02:00:00");
        node.Agent.Script = cell => cell.Count(1).Idle();
        var kept = await ExecuteAsync(node, """{"code":"1","keep":true}""");
        var sandbox = node.Services.GetRequiredService<ISandboxRegistry>().Find(kept.SandboxId!)!;
        var own = sandbox.EndAt;
        using var connected = await node.PostAsync($"/v2/sandboxes/{kept.SandboxId}/connect", """{"timeout":1800}""");
        var promised = sandbox.EndAt;
        Assert.True(promised > own);

        await ExecuteAsync(node, $$"""{"code":"2","sandbox_id":"{{kept.SandboxId}}"}""");
        Assert.Equal(promised, sandbox.EndAt);
        // A cell that might have taken longer than that gives back what it did not need, and no more.
        await ExecuteAsync(node, $$"""{"code":"3","timeout":7200,"sandbox_id":"{{kept.SandboxId}}"}""");
        Assert.Equal(promised, sandbox.EndAt);
    }

    [Fact]
    public async Task Execute_SandboxOfAnotherTenant_IsNotFound()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();
        var kept = await ExecuteAsync(node, """{"code":"x=1","keep":true}""");

        var response = await node.PostAsync(
            "/sandbox/execute", $$"""{"code":"x","sandbox_id":"{{kept.SandboxId}}"}""", NodeFixture.Token("e2", "other"));

        await NodeFixture.AssertProblemAsync(response, 404, "sandbox_not_found");
    }

    [Fact]
    public async Task Execute_CallerGoesAway_RemovesTheSandbox()
    {
        await using var node = await NodeFixture.StartAsync();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var request = new HttpRequestMessage(HttpMethod.Post, "/sandbox/execute") { Content = new StringContent("""{"code":"x"}""") };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.Authorization = new("Bearer", NodeFixture.Token());
        var call = node.Http.SendAsync(request, cancel.Token);
        var cell = await node.Agent.NextCellAsync(Token);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await cell.Disposed.Task.WaitAsync(Patience, Token);
        await Assert.Single(node.Engine.Sandboxes).Exited.WaitAsync(Patience, Token);
    }

    [Fact]
    public async Task Execute_MoreOutputThanTheLimit_SaysWhereItWasCut()
    {
        await using var node = await NodeFixture.StartAsync("--Executions:MaxOutputBytes=2000");
        node.Agent.Script = cell => cell.Count(1).Stdout(new string('x', 1500)).Stdout(new string('y', 1500)).Stdout("z").Idle();

        var response = await ExecuteAsync(node, """{"code":"x"}""");

        Assert.Equal(new string('x', 1500) + new string('y', 500), string.Concat(response.Result.Logs.Stdout));
        Assert.Equal([new OutputCut("stdout", "output_limit", 2000, 1001)], response.Result.Logs.Truncated);
    }

    [Fact]
    public async Task Execute_EngineFails_IsAFaultWithoutItsMessage()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Engine.Failure = new SandboxLaunchException("runc said /secret/path");

        var response = await node.PostAsync("/sandbox/execute", """{"code":"x"}""");

        var problem = await NodeFixture.AssertProblemAsync(response, 503, "sandbox_unavailable");
        Assert.DoesNotContain("secret", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_Bug_IsA500WithoutItsMessage()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Engine.Failure = new ArgumentException("secret");

        var problem = await NodeFixture.AssertProblemAsync(
            await node.PostAsync("/sandbox/execute", """{"code":"x"}"""), 500, "internal_error");

        Assert.DoesNotContain("secret", problem.Detail, StringComparison.Ordinal);
        Assert.Contains(node.Log.Lines, line => line.Text.Contains("internal_error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Execute_EveryLine_CarriesTheExecutionId()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Message("nonsense", "{}").Idle();

        await ExecuteAsync(node, """{"code":"x","execution_id":"e1"}""");

        var lines = node.Log.Lines.Where(line => line.Category.StartsWith("MonkeyCoder.", StringComparison.Ordinal)
            && line.Scope.ContainsKey("execution_id")).ToArray();
        Assert.Contains(lines, line => line.Text.StartsWith("Execution started", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Text.StartsWith("Execution ended", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Category == "MonkeyCoder.Security");
        Assert.All(lines, line => Assert.Equal("e1", line.Scope["execution_id"]));
    }

    [Fact]
    public async Task Cleanup_IdleAndNamed_AreRemovedAndOthersAreNot()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();
        var idle = await ExecuteAsync(node, """{"code":"1","keep":true}""");
        node.Agent.Script = null;
        var busy = node.PostAsync("/sandbox/execute", """{"code":"2","keep":true}""");
        var cell = await node.Agent.NextCellAsync(Token);

        Assert.Equal(new CleanupResponse(0, 0), await CleanupAsync(node, "", NodeFixture.Token("e9", "other")));
        Assert.Equal(new CleanupResponse(1, 1), await CleanupAsync(node, ""));
        cell.Count(1).Idle();
        var kept = JsonSerializer.Deserialize(
            await (await busy).Content.ReadAsStringAsync(Token), ExecutionJson.Default.ExecuteResponse)!.SandboxId;
        Assert.Equal(new CleanupResponse(1, 0), await CleanupAsync(node, $$"""{"sandbox_id":"{{kept}}"}"""));
        await NodeFixture.AssertProblemAsync(
            await node.PostAsync("/sandbox/cleanup", $$"""{"sandbox_id":"{{idle.SandboxId}}"}"""), 404, "sandbox_not_found");
        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/cleanup", """{"all":true}"""), 400, "invalid_field");
    }

    private static async Task<ExecuteResponse> ExecuteAsync(NodeFixture node, string json) =>
        await AnswerAsync(await node.PostAsync("/sandbox/execute", json));

    /// <summary>So many executions have been let in, since the start of the node.</summary>
    private static async Task StartedAsync(NodeFixture node, int executions)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        while (node.Log.Lines.Count(line => line.Text.StartsWith("Execution started", StringComparison.Ordinal)) < executions)
            await Task.Delay(10, patience.Token);
    }

    private static async Task<ExecuteResponse> AnswerAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize(text, ExecutionJson.Default.ExecuteResponse)!;
    }

    private static async Task<CleanupResponse> CleanupAsync(NodeFixture node, string json, string? token = null)
    {
        var response = await node.PostAsync("/sandbox/cleanup", json, token);
        var text = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize(text, ExecutionJson.Default.CleanupResponse)!;
    }
}
