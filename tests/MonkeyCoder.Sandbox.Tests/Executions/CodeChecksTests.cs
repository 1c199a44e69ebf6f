using System.Text.Json;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Tests.Hosting;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Executions;

/// <summary>The levels of code checks, with a checker that a test plays.</summary>
public sealed class CodeChecksTests
{
    private const string Checker = "pythoncheck";

    private const string Error = """
        {"parser":"python-3.11","parsed":true,"truncated":false,"findings":[{"rule":"process","severity":"error",
        "message":"os.system starts processes.","line":2,"column":5,"end_line":2,"end_column":14,"snippet":"os.system('id')"}]}
        """;

    private const string Warning = """
        {"parser":"python-3.11","parsed":true,"truncated":false,"findings":[{"rule":"frames","severity":"warning",
        "message":"m","line":1,"column":1,"end_line":1,"end_column":2,"snippet":"s"}]}
        """;

    private const string Nothing = """{"parser":"python-3.11","parsed":true,"truncated":false,"findings":[]}""";

    [Fact]
    public async Task Execute_Audit_RunsAndReports()
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=audit");
        Play(node, Error);

        var response = await ExecuteAsync(node, """{"code":"import os\nx = os.system('id')"}""");

        Assert.Equal(ExecutionStatus.Completed, response.Status);
        Assert.Equal(CodeCheckLevel.Audit, response.CodeChecks!.Policy);
        Assert.Equal("python-3.11", response.CodeChecks.Parser);
        Assert.Equal(
            new CodeFinding("process", FindingSeverity.Error, "os.system starts processes.", 2, 5, 2, 14, "os.system('id')"),
            Assert.Single(response.CodeChecks.Findings));
        var logged = Assert.Single(node.Log.Lines, static line => line.Text.StartsWith("Code check:", StringComparison.Ordinal));
        Assert.Equal("MonkeyCoder.Security", logged.Category);
        Assert.Contains("process", logged.Text, StringComparison.Ordinal);
        Assert.Equal("e1", logged.Scope["execution_id"]);
        Assert.DoesNotContain("os.system('id')", logged.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_Enforce_RefusesAnErrorAndRunsNothing()
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=enforce");
        Play(node, Error);

        using var response = await node.PostAsync("/sandbox/execute", """{"code":"import os\nx = os.system('id')"}""");

        var problem = await NodeFixture.AssertProblemAsync(response, 400, "dangerous_code");
        Assert.Contains("process at line 2, column 5", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(("process", 2, 5), (problem.Findings![0].Rule, problem.Findings[0].Line, problem.Findings[0].Column));
        // The only sandbox is the checker's own.
        Assert.Equal(128 * 1024 * 1024, Assert.Single(node.Engine.Sandboxes).Spec.Limits.MemoryBytes);
        Assert.Equal([Checker], node.Agent.Opened.Select(static kernel => kernel.Language));
    }

    [Fact]
    public async Task Execute_EnforceWithAWarning_Runs()
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=enforce");
        Play(node, Warning);

        var response = await ExecuteAsync(node, """{"code":"1"}""");

        Assert.Equal("frames", Assert.Single(response.CodeChecks!.Findings).Rule);
    }

    [Theory]
    [InlineData("off", null, null)]
    [InlineData("off", "off", null)]
    [InlineData("off", "audit", CodeCheckLevel.Audit)]
    [InlineData("audit", "off", CodeCheckLevel.Audit)]
    [InlineData("audit", null, CodeCheckLevel.Audit)]
    [InlineData("audit", "enforce", CodeCheckLevel.Enforce)]
    [InlineData("enforce", "audit", CodeCheckLevel.Enforce)]
    [InlineData("enforce", "off", CodeCheckLevel.Enforce)]
    public async Task Execute_LevelOfTheRequest_RaisesAndNeverLowers(string operatorLevel, string? asked, CodeCheckLevel? applied)
    {
        await using var node = await NodeFixture.StartAsync($"--Security:CodeChecks={operatorLevel}");
        Play(node, Nothing);

        var response = await ExecuteAsync(node, JsonSerializer.Serialize(asked is null ? new { code = "1" } : (object)new { code = "1", code_checks = asked }));

        Assert.Equal(applied, response.CodeChecks?.Policy);
    }

    [Fact]
    public async Task Execute_LevelThatIsNone_IsRefused()
    {
        await using var node = await NodeFixture.StartAsync();

        using var response = await node.PostAsync("/sandbox/execute", """{"code":"1","code_checks":"strict"}""");

        var problem = await NodeFixture.AssertProblemAsync(response, 400, "invalid_field");
        Assert.Contains("code_checks", problem.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_OtherLanguages_AreNotChecked()
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=enforce");
        Play(node, Error);

        var response = await ExecuteAsync(node, """{"code":"ls","language":"bash"}""");

        Assert.Null(response.CodeChecks);
    }

    [Theory]
    [InlineData("""{"limit":"memory"}""")]
    [InlineData("""{"limit":"something new"}""")]
    [InlineData("no json")]
    [InlineData("[]")]
    [InlineData("""{"findings":[{"rule":"<b>","severity":"error","message":"m","line":1,"column":1,"end_line":1,"end_column":1,"snippet":""}]}""")]
    [InlineData("""{"findings":[{"rule":"a","severity":"error","message":"m","line":0,"column":1,"end_line":1,"end_column":1,"snippet":""}]}""")]
    [InlineData("""{"findings":[{"rule":"a"}]}""")]
    [InlineData("""{"findings":null}""")]
    public async Task Execute_CheckWithoutAWholeAnswer_IsAFindingAndRefusedWhereEnforced(string answer)
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=audit");
        Play(node, answer);

        var response = await ExecuteAsync(node, """{"code":"1"}""");
        Assert.Equal("validator-limit", Assert.Single(response.CodeChecks!.Findings).Rule);

        using var refused = await node.PostAsync("/sandbox/execute", """{"code":"1","code_checks":"enforce"}""");
        var problem = await NodeFixture.AssertProblemAsync(refused, 400, "dangerous_code");
        Assert.Equal("validator-limit", Assert.Single(problem.Findings!).Rule);
    }

    [Fact]
    public async Task Execute_SourceOverAMebibyte_IsNotCheckedAndRefusedWhereEnforced()
    {
        await using var node = await NodeFixture.StartAsync("--Executions:MaxCodeBytes=3145728");
        Play(node, Nothing);

        var code = new string('#', 1024 * 1024 + 1);
        using var refused = await node.PostAsync("/sandbox/execute", JsonSerializer.Serialize(new { code, code_checks = "enforce" }));

        await NodeFixture.AssertProblemAsync(refused, 400, "dangerous_code");
        Assert.Empty(node.Engine.Sandboxes);
    }

    [Fact]
    public async Task Execute_CheckerThatDied_IsReplaced()
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=enforce");
        var checks = 0;
        node.Agent.Script = cell =>
        {
            if (cell.Request.ContextId != Checker) cell.Count(1).Idle();
            // Alive for the first check, dead at the second, whose code is not to blame.
            else if (Interlocked.Increment(ref checks) == 2) cell.Die();
            else cell.Message("findings", Nothing).Idle();
        };

        await ExecuteAsync(node, """{"code":"1"}""");
        await ExecuteAsync(node, """{"code":"2"}""");

        Assert.Equal(3, checks);
        var checkers = node.Engine.Sandboxes.Where(static sandbox => sandbox.Spec.Limits.MemoryBytes == 128 * 1024 * 1024).ToArray();
        Assert.Equal([true, false], checkers.Select(static sandbox => sandbox.IsDisposed));
    }

    [Fact]
    public async Task Execute_CodeThatKillsTheChecker_IsRefusedWhereEnforced()
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=enforce");
        node.Agent.Script = static cell => cell.Break(new AgentUnreachableException("gone"));

        using var response = await node.PostAsync("/sandbox/execute", """{"code":"1"}""");

        await NodeFixture.AssertProblemAsync(response, 400, "dangerous_code");
    }

    [Fact]
    public async Task Execute_CheckerThatCannotBeLaunched_RunsWhereAuditedOnly()
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=audit");
        node.Agent.Script = static cell => cell.Count(1).Idle();
        node.Agent.Opening = static (kernel, _) => kernel.Language == Checker ? throw new AgentUnreachableException("gone") : Task.CompletedTask;

        var response = await ExecuteAsync(node, """{"code":"1"}""");
        Assert.Equal("validator-limit", Assert.Single(response.CodeChecks!.Findings).Rule);
        using var refused = await node.PostAsync("/sandbox/execute", """{"code":"1","code_checks":"enforce"}""");
        await NodeFixture.AssertProblemAsync(refused, 400, "dangerous_code");
    }

    [Fact]
    public async Task Execute_AuditWithASlowCheck_DoesNotWaitForIt()
    {
        await using var node = await NodeFixture.StartAsync("--Security:CodeChecks=audit");
        var check = new TaskCompletionSource<FakeCell>(TaskCreationOptions.RunContinuationsAsynchronously);
        node.Agent.Script = cell =>
        {
            if (cell.Request.ContextId == Checker) check.SetResult(cell);
            else cell.Count(1).Idle();
        };

        var response = await ExecuteAsync(node, """{"code":"1"}""");

        Assert.Equal("validator-limit", Assert.Single(response.CodeChecks!.Findings).Rule);
        // Nobody waits any more: the check has been let go.
        await (await check.Task).Disposed.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    private static void Play(NodeFixture node, string findings) => node.Agent.Script = cell =>
    {
        if (cell.Request.ContextId == Checker) cell.Message("findings", findings).Idle();
        else cell.Count(1).Idle();
    };

    private static async Task<ExecuteResponse> ExecuteAsync(NodeFixture node, string json)
    {
        using var response = await node.PostAsync("/sandbox/execute", json);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonSerializer.Deserialize(text, ExecutionJson.Default.ExecuteResponse)!;
    }
}
