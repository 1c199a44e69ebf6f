using System.Threading.Channels;
using Microsoft.Extensions.Logging.Abstractions;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

[Trait("Needs", "root")]
public sealed class SandboxPoolTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AcquireAsync_Pooled_GivesThePreparedOneWithTheLimitsAskedFor()
    {
        var prepared = new PreparedSandboxes();
        await using var fixture = await StartAsync(prepared, new PoolOptions("base", SandboxProfile.Strict, 1), new PoolOptions("base", SandboxProfile.Workspace, 1));
        var first = new[] { await prepared.NextAsync(), await prepared.NextAsync() };

        await using var strict = await fixture.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { OpenFiles = 99 });
        await using var workspace = await fixture.AcquireAsync(SandboxProfile.Workspace);

        Assert.Contains(strict, first);
        Assert.Contains(workspace, first);
        Assert.Equal("99\n", (await strict.RunAsync("ulimit -n")).Output);
        // Both are replaced.
        Assert.DoesNotContain(await prepared.NextAsync(), first);
        Assert.DoesNotContain(await prepared.NextAsync(), first);
    }

    [Fact]
    public async Task Pool_AfterABurst_GrowsToItAndGivesUpWhatIsTooMuch()
    {
        var prepared = new PreparedSandboxes();
        var kind = new PoolOptions("base", SandboxProfile.Strict, 1) { MaxSize = 3, Memory = TimeSpan.FromSeconds(4) };
        await using var fixture = await StartAsync(prepared, kind);
        _ = await prepared.NextAsync();

        var burst = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => fixture.AcquireAsync(SandboxProfile.Strict)));

        for (var i = 0; i < 3; i++) Assert.DoesNotContain(await prepared.NextAsync(), burst);
        while (fixture.Engine.Pooled != 1) await Task.Delay(20, Token);
        foreach (var sandbox in burst) await sandbox.DisposeAsync();
    }

    [Fact]
    public async Task Pool_NodeWithoutRoom_DoesNotGrowBeyondItsSize()
    {
        var prepared = new PreparedSandboxes();
        var asked = new List<int>();
        await using var fixture = await EngineFixture.StartAsync(options =>
        {
            options.Pools = [new PoolOptions("base", SandboxProfile.Strict, 1) { MaxSize = 3 }];
            options.Prepare = prepared.PrepareAsync;
            options.HasRoomInPool = waiting =>
            {
                asked.Add(waiting);
                return false;
            };
        });
        _ = await prepared.NextAsync();

        var burst = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => fixture.AcquireAsync(SandboxProfile.Strict)));

        _ = await prepared.NextAsync();
        while (asked.Count < 3) await Task.Delay(20, Token);
        Assert.All(asked, static waiting => Assert.True(waiting >= 1));
        Assert.Equal(1, fixture.Engine.Pooled);
        foreach (var sandbox in burst) await sandbox.DisposeAsync();
    }

    [Fact]
    public async Task AcquireAsync_LimitsThatOnlyALaunchCanSet_PassesThePoolBy()
    {
        var prepared = new PreparedSandboxes();
        await using var fixture = await StartAsync(prepared, new PoolOptions("base", SandboxProfile.Strict, 1));
        var pooled = await prepared.NextAsync();

        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { OpenFiles = 8192 });

        Assert.NotSame(pooled, sandbox);
        Assert.Equal("8192\n", (await sandbox.RunAsync("ulimit -n")).Output);
    }

    [Fact]
    public async Task AcquireAsync_LimitsOfTheKind_TakesFromThePool()
    {
        var prepared = new PreparedSandboxes();
        var limits = new SandboxLimits { DiskBytes = 2L << 30, Processes = 64 };
        await using var fixture = await StartAsync(prepared, new PoolOptions("base", SandboxProfile.Strict, 1) { Limits = limits });
        var pooled = await prepared.NextAsync();
        while (fixture.Engine.Pooled == 0) await Task.Delay(5, Token);

        await using var usual = await fixture.AcquireAsync(SandboxProfile.Strict);
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict, limits);

        Assert.NotSame(pooled, usual);
        Assert.Same(pooled, sandbox);
        Assert.Equal("4194304\n", (await sandbox.RunAsync("ulimit -f")).Output);
    }

    [Fact]
    public async Task AcquireAsync_OthersAreBeingPrepared_GivesOneThatIsNotYet()
    {
        var prepared = new PreparedSandboxes();
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var fixture = await EngineFixture.StartAsync(options =>
        {
            options.Pools = [new PoolOptions("base", SandboxProfile.Strict, 3)];
            options.Prepare = async (sandbox, cancellationToken) =>
            {
                await prepared.PrepareAsync(sandbox, cancellationToken);
                await release.Task.WaitAsync(cancellationToken);
            };
        });
        var first = await prepared.NextAsync();
        while (fixture.Engine.Pooled < 2) await Task.Delay(5, Token);

        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict);
        await using var another = await fixture.AcquireAsync(SandboxProfile.Strict);

        Assert.DoesNotContain(first, new[] { sandbox, another });
        release.SetResult();
        while (fixture.Engine.Pooled < 3) await Task.Delay(5, Token);
    }

    [Fact]
    public async Task JoinAsync_LaunchUnderWay_GivesItToTheFirstWhoWaits()
    {
        await using var fixture = await EngineFixture.StartAsync();
        await using var sandbox = (Sandbox)await fixture.AcquireAsync(SandboxProfile.Strict);
        var launches = Channel.CreateUnbounded<(Action Begin, TaskCompletionSource<Sandbox> Done)>();
        var kind = new PoolOptions("base", SandboxProfile.Strict, 1);
        await using var pool = new SandboxPool(
            [kind], (_, begin, cancellationToken) => Launch(launches.Writer, begin, cancellationToken), prepare: null, static _ => true, static () => false,
            TimeProvider.System, NullLogger.Instance);
        pool.Start();
        var first = await launches.Reader.ReadAsync(Token);
        Assert.Null(await pool.JoinAsync("base", SandboxProfile.Strict, Token));

        first.Begin();
        var joined = pool.JoinAsync("base", SandboxProfile.Strict, Token);
        Assert.Null(await pool.JoinAsync("base", SandboxProfile.Strict, Token));
        Assert.Null(await pool.JoinAsync("base", SandboxProfile.Workspace, Token));
        first.Done.SetResult(sandbox);

        Assert.Same(sandbox, await joined.WaitAsync(Deadline, Token));
        Assert.Equal(0, pool.Count);
        var second = await launches.Reader.ReadAsync(Token);
        second.Begin();
        using var cancelled = new CancellationTokenSource();
        var given = pool.JoinAsync("base", SandboxProfile.Strict, cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => given);
        second.Done.SetException(new SandboxLaunchException("no"));
    }

    [Fact]
    public async Task JoinAsync_LaunchFails_GivesNothing()
    {
        var launches = Channel.CreateUnbounded<(Action Begin, TaskCompletionSource<Sandbox> Done)>();
        await using var pool = new SandboxPool(
            [new PoolOptions("base", SandboxProfile.Strict, 1)], (_, begin, cancellationToken) => Launch(launches.Writer, begin, cancellationToken),
            prepare: null, static _ => true, static () => false, TimeProvider.System, NullLogger.Instance);
        pool.Start();
        var launch = await launches.Reader.ReadAsync(Token);
        launch.Begin();
        var joined = pool.JoinAsync("base", SandboxProfile.Strict, Token);

        launch.Done.SetException(new SandboxLaunchException("no"));

        Assert.Null(await joined.WaitAsync(Deadline, Token));
    }

    [Fact]
    public async Task Pool_WaitingSandboxDies_IsReplacedAndRemoved()
    {
        var prepared = new PreparedSandboxes();
        await using var fixture = await StartAsync(prepared, new PoolOptions("base", SandboxProfile.Strict, 1));
        var doomed = (Sandbox)await prepared.NextAsync();

        Assert.Equal(0, Libc.TryKill(doomed.Process.Pid, Libc.SIGKILL));

        Assert.NotSame(doomed, await prepared.NextAsync());
        await doomed.DisposeAsync();
        while (Directory.Exists(fixture.Paths.SandboxDirectory(doomed.Id))) await Task.Delay(5, Token);
    }

    [Fact]
    public async Task Pool_PrepareFails_ThrowsTheSandboxAwayAndTriesAgain()
    {
        var prepared = new PreparedSandboxes { FailFirst = true };
        await using var fixture = await StartAsync(prepared, new PoolOptions("base", SandboxProfile.Strict, 1));

        var good = await prepared.NextAsync();

        var bad = Assert.IsType<Sandbox>(prepared.Failed);
        await bad.DisposeAsync();
        while (Directory.Exists(fixture.Paths.SandboxDirectory(bad.Id))) await Task.Delay(5, Token);
        Assert.NotSame(bad, good);
    }

    [Fact]
    public async Task StartAsync_PoolOfATemplateThatIsNotBuilt_SaysSo()
    {
        await using var fixture = new EngineFixture();
        fixture.Options.Pools = [new PoolOptions("nowhere", SandboxProfile.Strict, 1)];

        var failure = await Assert.ThrowsAsync<HostNotReadyException>(() => fixture.Engine.StartAsync(Token));

        Assert.Contains("monkey templates build nowhere", failure.Message, StringComparison.Ordinal);
    }

    private static Task<Sandbox> Launch(
        ChannelWriter<(Action Begin, TaskCompletionSource<Sandbox> Done)> launches, Action begin, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<Sandbox>(TaskCreationOptions.RunContinuationsAsynchronously);
        Assert.True(launches.TryWrite((begin, done)));
        return done.Task.WaitAsync(cancellationToken);
    }

    private static Task<EngineFixture> StartAsync(PreparedSandboxes prepared, params PoolOptions[] pools) => EngineFixture.StartAsync(options =>
    {
        options.Pools = pools;
        options.Prepare = prepared.PrepareAsync;
    });

    /// <summary>Hook of the pool that tells when it has been called.</summary>
    private sealed class PreparedSandboxes
    {
        private readonly Channel<ISandbox> _prepared = Channel.CreateUnbounded<ISandbox>();

        public bool FailFirst { get; init; }

        public ISandbox? Failed { get; private set; }

        public async Task PrepareAsync(ISandbox sandbox, CancellationToken cancellationToken)
        {
            await sandbox.Agent.PingAsync(cancellationToken);
            if (FailFirst && Failed is null)
            {
                Failed = sandbox;
                throw new InvalidOperationException("Not this one.");
            }

            Assert.True(_prepared.Writer.TryWrite(sandbox));
        }

        public Task<ISandbox> NextAsync() => _prepared.Reader.ReadAsync(Token).AsTask().WaitAsync(Deadline, Token);
    }
}
