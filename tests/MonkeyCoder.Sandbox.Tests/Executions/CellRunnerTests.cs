using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Testing;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Executions;

public sealed class CellRunnerTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly ManualTimeProvider _time = new();
    private readonly FakeAgent _agent = new();
    private readonly FakeSandbox _engine;
    private readonly CancellationTokenSource _stopping = new();
    private readonly LiveSandbox _sandbox;
    private readonly KernelContext _context;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly CellRunner _runner;

    public CellRunnerTests()
    {
        _engine = new FakeSandbox(new SandboxSpec(), _agent);
        _sandbox = new LiveSandbox(
            _engine, new SandboxOwner("default", null), new SandboxSettings { Template = "base" },
            new SandboxAccessTokens(null, null), new SandboxRuns(_time, _time.GetUtcNow(), _stopping.Token), _stopping.Token);
        _context = _sandbox.Contexts.Default("python");
        var options = Options.Create(new ExecutionOptions());
        _runner = new CellRunner(
            new CellKernel(options), options,
            new ExecutionMetrics(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>(), _time),
            NullLoggerFactory.Instance, _time);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync();
        await _services.DisposeAsync();
        _stopping.Dispose();
    }

    [Fact]
    public async Task RunAsync_Cell_YieldsItsEventsInOrder()
    {
        _agent.Script = cell =>
        {
            cell.Count(3).Stdout("hel").Stdout("lo\n").Stderr("warn\n").Stdout("x").Result("""{"is_main_result":true,"text":"2"}""");
            cell.Idle();
        };

        var events = await RunAsync("1+1");

        Assert.Collection(
            events,
            e => Assert.Equal(3, Assert.IsType<CellStarted>(e).ExecutionCount),
            e => AssertText(OutputChannel.Stdout, "hello\n", e),
            e => AssertText(OutputChannel.Stderr, "warn\n", e),
            e => AssertText(OutputChannel.Stdout, "x", e),
            e => Assert.IsType<CellResult>(e),
            e => Assert.Equal(CellStatus.Completed, Assert.IsType<CellEnded>(e).Status));
    }

    [Fact]
    public async Task RunAsync_OutputWithPauses_IsNotHeldBack()
    {
        var seen = new List<CellEvent>();
        await using var events = _runner.RunAsync(_sandbox, Request("x"), Token).GetAsyncEnumerator(Token);
        var next = events.MoveNextAsync().AsTask();
        var cell = await _agent.NextCellAsync(Token);
        cell.Stdout("a");
        Assert.True(await next.WaitAsync(Patience, Token));
        AssertText(OutputChannel.Stdout, "a", events.Current);
        next = events.MoveNextAsync().AsTask();
        cell.Stdout("b").Idle();
        Assert.True(await next.WaitAsync(Patience, Token));
        AssertText(OutputChannel.Stdout, "b", events.Current);
        while (await events.MoveNextAsync()) seen.Add(events.Current);
        Assert.Single(seen);
    }

    [Fact]
    public async Task RunAsync_SplitAndInvalidBytes_AreJoinedAndReported()
    {
        _agent.Script = cell =>
        {
            cell.Bytes(OutputChannel.Stdout, 0xE2).Bytes(OutputChannel.Stderr, 0xFF).Bytes(OutputChannel.Stdout, 0x82, 0xAC);
            cell.Idle();
        };

        var events = await RunAsync("x");

        Assert.Equal("€", Text(events, OutputChannel.Stdout));
        Assert.Equal("\uFFFD", Text(events, OutputChannel.Stderr));
        Assert.Equal([new CellCut("stderr", "not_utf8", 0, 1)], events.OfType<CellCut>());
    }

    [Fact]
    public async Task RunAsync_HostileMessages_GoNowhere()
    {
        _agent.Script = cell =>
        {
            cell.Count(0).Message("nonsense", "{}").Result("[]").Message("error", "1").Count(1).Count(7).Error("E", "v").Error("F", "w");
            cell.Write(new CellMessageDropped("result", 99)).Idle();
        };

        var events = await RunAsync("x");

        Assert.Equal(1, Assert.Single(events.OfType<CellStarted>()).ExecutionCount);
        Assert.Equal("E", Assert.Single(events.OfType<CellError>()).Name);
        Assert.Empty(events.OfType<CellResult>());
        Assert.Equal(["malformed", "output_limit"], events.OfType<CellCut>().Select(cut => cut.Reason));
        Assert.Equal(CellStatus.Failed, End(events).Status);
    }

    [Fact]
    public async Task RunAsync_SecondCell_OpensNoSecondKernel()
    {
        _agent.Script = cell => cell.Idle();

        await RunAsync("1");
        await RunAsync("2");

        Assert.Single(_agent.Opened);
    }

    [Fact]
    public async Task RunAsync_KernelGoneMeanwhile_GetsANewOne()
    {
        var refused = false;
        _agent.Script = cell =>
        {
            if (cell.Request.Code == "2" && !refused)
            {
                refused = true;
                cell.Break(new AgentException(AgentErrorCode.NotFound, "no kernel"));
            }
            else
            {
                cell.Count(1).Idle();
            }
        };

        await RunAsync("1");
        var events = await RunAsync("2");

        Assert.Equal(CellStatus.Completed, End(events).Status);
        Assert.Equal(2, _agent.Opened.Count);
    }

    [Fact]
    public async Task RunAsync_CellsOfOneContext_TakeTurns()
    {
        var first = RunAsync("1");
        var firstCell = await _agent.NextCellAsync(Token);
        var second = RunAsync("2");
        firstCell.Stdout("one").Idle();
        Assert.Equal("one", Text(await first, OutputChannel.Stdout));
        var secondCell = await _agent.NextCellAsync(Token);
        Assert.Equal("2", secondCell.Request.Code);
        secondCell.Idle();
        Assert.Equal(CellStatus.Completed, End(await second).Status);
    }

    [Fact]
    public async Task RunAsync_TimeoutThatIsObeyed_KeepsTheKernel()
    {
        var run = RunAsync("x", TimeSpan.FromSeconds(30));
        var cell = await _agent.NextCellAsync(Token);
        cell.Count();
        await _time.ArmedAsync(TimeSpan.FromSeconds(30), Token);
        _time.Advance(TimeSpan.FromSeconds(30));
        await _agent.NextInterruptAsync(Token);
        cell.Error("KeyboardInterrupt", "").Idle(interrupted: true);

        var events = await run;

        Assert.Equal(CellStatus.Timeout, End(events).Status);
        Assert.Equal("KeyboardInterrupt", Assert.Single(events.OfType<CellError>()).Name);
        Assert.True(_context.IsOpen);
    }

    [Fact]
    public async Task RunAsync_TimeoutThatIsIgnored_KillsTheKernel()
    {
        var run = RunAsync("x", TimeSpan.FromSeconds(30));
        var cell = await _agent.NextCellAsync(Token);
        await PassTimeoutAndGraceAsync();
        Assert.Equal(_context.Id, await _agent.NextCloseAsync(Token));
        cell.Die();

        var events = await run;

        Assert.Equal(CellStatus.Timeout, End(events).Status);
        Assert.Equal("ExecutionTimeout", Assert.Single(events.OfType<CellError>()).Name);
        Assert.False(_context.IsOpen);
    }

    [Fact]
    public async Task RunAsync_KernelThatCannotBeKilled_IsGivenUp()
    {
        var run = RunAsync("x", TimeSpan.FromSeconds(30));
        await _agent.NextCellAsync(Token);
        await PassTimeoutAndGraceAsync();
        await _agent.NextCloseAsync(Token);
        await _time.ArmedAsync(Grace, Token);
        _time.Advance(Grace);

        Assert.Equal(CellStatus.Timeout, End(await run).Status);
    }

    [Fact]
    public async Task RunAsync_EndAtTheDeadline_IsNoTimeout()
    {
        var run = RunAsync("x", TimeSpan.FromSeconds(30));
        var cell = await _agent.NextCellAsync(Token);
        await _time.ArmedAsync(TimeSpan.FromSeconds(30), Token);
        _time.Advance(TimeSpan.FromSeconds(30));
        await _agent.NextInterruptAsync(Token);
        cell.Idle();

        Assert.Equal(CellStatus.Completed, End(await run).Status);
    }

    [Fact]
    public async Task RunAsync_Cancelled_InterruptsAndFreesTheKernel()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var run = RunAsync("x", cancellationToken: cancel.Token);
        var cell = await _agent.NextCellAsync(Token);
        await cancel.CancelAsync();
        await _agent.NextInterruptAsync(Token);
        cell.Stdout("too late").Error("KeyboardInterrupt", "").Idle(interrupted: true);

        var events = await run;

        Assert.Equal(CellStatus.Cancelled, End(events).Status);
        Assert.Empty(events.OfType<CellText>());
        _agent.Script = next => next.Idle();
        Assert.Equal(CellStatus.Completed, End(await RunAsync("y")).Status);
        Assert.Single(_agent.Opened);
    }

    [Fact]
    public async Task RunAsync_EnumerationLeft_InterruptsAndFreesTheKernel()
    {
        var events = _runner.RunAsync(_sandbox, Request("x"), Token).GetAsyncEnumerator(Token);
        var next = events.MoveNextAsync().AsTask();
        var cell = await _agent.NextCellAsync(Token);
        cell.Count();
        Assert.True(await next.WaitAsync(Patience, Token));
        var left = events.DisposeAsync().AsTask();
        await _agent.NextInterruptAsync(Token);
        Assert.False(left.IsCompleted);
        cell.Idle(interrupted: true);
        await left.WaitAsync(Patience, Token);

        _agent.Script = second => second.Idle();
        Assert.Equal(CellStatus.Completed, End(await RunAsync("y")).Status);
    }

    [Fact]
    public async Task RunAsync_CancelledAndKernelNotKept_DoesNotWait()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var run = CollectAsync(Request("x") with { KernelIsKept = false }, cancel.Token);
        var cell = await _agent.NextCellAsync(Token);
        await cancel.CancelAsync();

        Assert.Equal(CellStatus.Cancelled, End(await run).Status);
        await cell.Disposed.Task.WaitAsync(Patience, Token);
    }

    [Theory]
    [InlineData(1, "memory")]
    [InlineData(0, "kernel_died")]
    public async Task RunAsync_KernelDies_SaysWhyAndTheNextCellGetsANewOne(int oomKills, string reason)
    {
        var run = RunAsync("x");
        var cell = await _agent.NextCellAsync(Token);
        _engine.Usage = _engine.Usage with { OomKills = oomKills };
        cell.Count().Die();

        var events = await run;

        Assert.Equal(CellStatus.Killed, End(events).Status);
        Assert.Equal(reason, End(events).Reason);
        Assert.Single(events.OfType<CellError>());
        _agent.Script = next => next.Count(1).Idle();
        Assert.Equal(1, Assert.Single((await RunAsync("y")).OfType<CellStarted>()).ExecutionCount);
        Assert.Equal(2, _agent.Opened.Count);
    }

    [Theory]
    [InlineData("OSError", "[Errno 28] No space left on device", 0, 0, "disk")]
    [InlineData("ValueError", "x", 1024L * 1024 * 1024, 0, "disk")]
    [InlineData("BlockingIOError", "[Errno 11] Resource temporarily unavailable", 0, 1, "processes")]
    public async Task RunAsync_CodeFailsAtALimit_IsKilledByName(string name, string value, long disk, long forks, string reason)
    {
        var run = RunAsync("x");
        var cell = await _agent.NextCellAsync(Token);
        _engine.Usage = _engine.Usage with { DiskUsedBytes = disk, ForkFailures = forks };
        cell.Count().Error(name, value).Idle();

        Assert.Equal((CellStatus.Killed, reason), (End(await run).Status, End(await run).Reason));
    }

    [Fact]
    public async Task RunAsync_SandboxKilledMeanwhile_IsCancelled()
    {
        var run = RunAsync("x");
        await _agent.NextCellAsync(Token);
        _engine.Exit(SandboxExit.Killed);
        await _stopping.CancelAsync();

        Assert.Equal((CellStatus.Cancelled, "sandbox_killed"), (End(await run).Status, End(await run).Reason));
    }

    [Fact]
    public async Task RunAsync_SandboxOutOfMemory_IsKilled()
    {
        var run = RunAsync("x");
        var cell = await _agent.NextCellAsync(Token);
        _engine.Exit(SandboxExit.OutOfMemory);
        cell.Break(new AgentUnreachableException("gone"));

        Assert.Equal((CellStatus.Killed, "memory"), (End(await run).Status, End(await run).Reason));
    }

    [Fact]
    public async Task RunAsync_KernelDoesNotStart_Throws()
    {
        _agent.Opening = (_, _) => throw new AgentException(AgentErrorCode.Internal, "secret detail");

        var exception = await Assert.ThrowsAsync<KernelStartException>(() => RunAsync("x"));

        Assert.DoesNotContain("secret", exception.Message, StringComparison.Ordinal);
        _agent.Opening = null;
        _agent.Script = cell => cell.Idle();
        Assert.Equal(CellStatus.Completed, End(await RunAsync("y")).Status);
    }

    [Fact]
    public async Task RunAsync_KernelStartTakesTooLong_Throws()
    {
        _agent.Opening = (_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token);
        var run = RunAsync("x");
        await _time.ArmedAsync(TimeSpan.FromMinutes(1), Token);
        _time.Advance(TimeSpan.FromMinutes(1));

        await Assert.ThrowsAsync<KernelStartException>(() => run);
    }

    [Fact]
    public async Task RunAsync_SlowKernelStart_DoesNotUseUpTheTimeout()
    {
        var opened = new TaskCompletionSource();
        _agent.Opening = (_, _) => opened.Task;
        var run = RunAsync("x", TimeSpan.FromSeconds(2));
        await _time.ArmedAsync(TimeSpan.FromMinutes(1), Token);
        _time.Advance(TimeSpan.FromSeconds(10));
        opened.SetResult();
        var cell = await _agent.NextCellAsync(Token);
        cell.Count().Idle();

        Assert.Equal(CellStatus.Completed, End(await run).Status);
        Assert.Equal(TimeSpan.Zero, End(await run).Measured!.WallTime);
    }

    [Fact]
    public async Task RunAsync_PausedMeanwhile_CountsOnlyTheTimeThatItRan()
    {
        var run = RunAsync("x", TimeSpan.FromSeconds(30));
        var cell = await _agent.NextCellAsync(Token);
        await _time.ArmedAsync(TimeSpan.FromSeconds(30), Token);
        _time.Advance(TimeSpan.FromSeconds(29));
        await _sandbox.Runs.Pause().EndAsync();
        _time.Advance(TimeSpan.FromHours(1));
        _sandbox.Runs.Resume();
        cell.Count().Idle();

        Assert.Equal(CellStatus.Completed, End(await run).Status);
        Assert.Equal(TimeSpan.FromSeconds(29), End(await run).Measured!.WallTime);
    }

    [Fact]
    public async Task RunAsync_PausedAfterItsTimeout_IsGivenItsGraceAfterTheResume()
    {
        var run = RunAsync("x", TimeSpan.FromSeconds(30));
        var cell = await _agent.NextCellAsync(Token);
        cell.Count();
        await _time.ArmedAsync(TimeSpan.FromSeconds(30), Token);
        _time.Advance(TimeSpan.FromSeconds(30));
        await _agent.NextInterruptAsync(Token);
        await _time.ArmedAsync(Repeat, Token);
        await _sandbox.Runs.Pause().EndAsync();
        _time.Advance(TimeSpan.FromHours(1));
        _sandbox.Runs.Resume();
        cell.Error("KeyboardInterrupt", "").Idle(interrupted: true);

        Assert.Equal(CellStatus.Timeout, End(await run).Status);
        // Its kernel has not been killed.
        Assert.True(_context.IsOpen);
    }

    [Fact]
    public async Task RestartAsync_WhileACellRuns_CancelsItAndOpensANewKernel()
    {
        var run = RunAsync("x");
        var cell = await _agent.NextCellAsync(Token);
        var restart = _runner.RestartAsync(_sandbox, _context, Token);
        await _agent.NextCloseAsync(Token);
        cell.Die();
        await restart.WaitAsync(Patience, Token);

        var events = await run;
        Assert.Equal((CellStatus.Cancelled, "kernel_restarted"), (End(events).Status, End(events).Reason));
        Assert.Equal("ContextRestarting", Assert.Single(events.OfType<CellError>()).Name);
        _agent.Script = next => next.Idle();
        await RunAsync("y");
        Assert.Equal(2, _agent.Opened.Count);
    }

    private async Task PassTimeoutAndGraceAsync()
    {
        await _time.ArmedAsync(TimeSpan.FromSeconds(30), Token);
        _time.Advance(TimeSpan.FromSeconds(30));
        await _agent.NextInterruptAsync(Token);
        await _time.ArmedAsync(Repeat, Token);
        _time.Advance(Repeat);
        await _agent.NextInterruptAsync(Token);
        await _time.ArmedAsync(Grace - Repeat, Token);
        _time.Advance(Grace - Repeat);
    }

    private CellRequest Request(string code, TimeSpan? timeout = null) =>
        new(_context, code, new Dictionary<string, string>(), timeout);

    private Task<List<CellEvent>> RunAsync(string code, TimeSpan? timeout = null, CancellationToken? cancellationToken = null) =>
        CollectAsync(Request(code, timeout), cancellationToken ?? Token);

    private async Task<List<CellEvent>> CollectAsync(CellRequest request, CancellationToken cancellationToken)
    {
        var events = new List<CellEvent>();
        await foreach (var next in _runner.RunAsync(_sandbox, request, cancellationToken)) events.Add(next);
        return events;
    }

    private static CellEnded End(List<CellEvent> events) => Assert.IsType<CellEnded>(events[^1]);

    private static string Text(List<CellEvent> events, OutputChannel channel) =>
        string.Concat(events.OfType<CellText>().Where(text => text.Channel == channel).Select(text => text.Text));

    private static void AssertText(OutputChannel channel, string text, CellEvent actual)
    {
        var piece = Assert.IsType<CellText>(actual);
        Assert.Equal((channel, text), (piece.Channel, piece.Text));
    }
}
