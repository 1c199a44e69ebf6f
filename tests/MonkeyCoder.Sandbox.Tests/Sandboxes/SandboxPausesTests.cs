using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Tests.Admission;
using MonkeyCoder.Testing;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Sandboxes;

public sealed class SandboxPausesTests : IAsyncDisposable
{
    private static readonly SandboxOwner Owner = new("tenant", "key");
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Life = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan PausedLife = TimeSpan.FromHours(1);

    private readonly FakeSandboxEngine _engine = new();
    private readonly ManualTimeProvider _time = new();
    private readonly SandboxRegistry _registry;

    public SandboxPausesTests()
    {
        var options = new SandboxesOptions
        {
            MaxSandboxes = 3, MaxPausedPerTenant = 2, MaxPausedLife = PausedLife, PausedMemoryKept = TimeSpan.FromMinutes(1),
        };
        _registry = new SandboxRegistry(
            _engine, TestAdmission.On(options), new ConstantKeys(), Options.Create(options), _time, NullLogger<SandboxRegistry>.Instance);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task PauseAsync_Running_FreezesCutsOffAndShowsWhen()
    {
        var sandbox = await CreateAsync();
        var run = sandbox.Runs.Current!;
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.Equal(PauseOutcome.Paused, await _registry.PauseAsync(sandbox, Cancelled));

        Assert.True(_engine.Sandboxes[0].IsFrozen);
        Assert.True(sandbox.IsPaused);
        Assert.True(run.Ended.IsCancellationRequested);
        Assert.False(sandbox.Stopping.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(_time.GetUtcNow() - TimeSpan.FromSeconds(10), sandbox.EndAt);
        Assert.Equal(PauseOutcome.WasPaused, await _registry.PauseAsync(sandbox, Cancelled));
    }

    [Fact]
    public async Task ResumeAsync_Paused_GoesOnWithANewLife()
    {
        var sandbox = await CreateAsync();
        await _registry.PauseAsync(sandbox, Cancelled);
        _time.Advance(Life * 2);

        Assert.Equal(ResumeOutcome.Resumed, await _registry.ResumeAsync(sandbox, TimeSpan.FromSeconds(50), Cancelled));

        Assert.False(_engine.Sandboxes[0].IsFrozen);
        Assert.False(sandbox.IsPaused);
        Assert.Equal(_time.GetUtcNow(), sandbox.StartedAt);
        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromSeconds(50), sandbox.EndAt);
        Assert.Same(sandbox, _registry.Find(Owner.Tenant, sandbox.Id.Value));
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.Equal(SandboxExit.Killed, await _engine.Sandboxes[0].Exited.WaitAsync(Deadline, Cancelled));
        Assert.Equal(SandboxEnd.Timeout, sandbox.EndedBy);
    }

    [Fact]
    public async Task ResumeAsync_Running_OnlyExtends()
    {
        var sandbox = await CreateAsync();

        Assert.Equal(ResumeOutcome.WasRunning, await _registry.ResumeAsync(sandbox, Life / 2, Cancelled));
        Assert.Equal(_time.GetUtcNow() + Life, sandbox.EndAt);
        Assert.Equal(ResumeOutcome.WasRunning, await _registry.ResumeAsync(sandbox, Life * 2, Cancelled));
        Assert.Equal(_time.GetUtcNow() + (Life * 2), sandbox.EndAt);
    }

    [Fact]
    public async Task SetEnd_Paused_IsRefusedAndChangesNothing()
    {
        var sandbox = await CreateAsync();
        await _registry.PauseAsync(sandbox, Cancelled);

        Assert.False(_registry.SetEnd(sandbox, _time.GetUtcNow() + TimeSpan.FromSeconds(1)));
        Assert.False(_registry.ExtendEnd(sandbox, _time.GetUtcNow() + TimeSpan.FromSeconds(1)));

        _time.Advance(PausedLife - TimeSpan.FromSeconds(1));
        Assert.NotNull(_registry.Find(sandbox.Id.Value));
    }

    [Fact]
    public async Task Paused_ForTooLong_IsKilledAndItsOwnerIsToldWhy()
    {
        var sandbox = await CreateAsync();
        await _registry.PauseAsync(sandbox, Cancelled);

        _time.Advance(PausedLife);

        await _engine.Sandboxes[0].Exited.WaitAsync(Deadline, Cancelled);
        Assert.Equal(SandboxEnd.PausedTooLong, _registry.WhyEnded(Owner.Tenant, sandbox.Id.Value));
        Assert.Equal(PauseOutcome.Ended, await _registry.PauseAsync(sandbox, Cancelled));
        Assert.Equal(ResumeOutcome.Ended, await _registry.ResumeAsync(sandbox, Life, Cancelled));
    }

    [Fact]
    public async Task PauseAsync_AboveTheTenantsLimit_IsRefusedUntilOneLeaves()
    {
        var sandboxes = new[] { await CreateAsync(), await CreateAsync(), await CreateAsync() };
        await _registry.PauseAsync(sandboxes[0], Cancelled);
        await _registry.PauseAsync(sandboxes[1], Cancelled);

        Assert.Equal(PauseOutcome.TooMany, await _registry.PauseAsync(sandboxes[2], Cancelled));
        Assert.False(sandboxes[2].IsPaused);
        Assert.False(_engine.Sandboxes[2].IsFrozen);
        await _registry.ResumeAsync(sandboxes[0], Life, Cancelled);
        Assert.Equal(PauseOutcome.Paused, await _registry.PauseAsync(sandboxes[2], Cancelled));
        await _registry.KillAsync(sandboxes[1], Cancelled);
        Assert.Equal(PauseOutcome.Paused, await _registry.PauseAsync(sandboxes[0], Cancelled));
    }

    [Fact]
    public async Task CreateAsync_WithPausedOnes_CountsThem()
    {
        await _registry.PauseAsync(await CreateAsync(), Cancelled);
        await _registry.PauseAsync(await CreateAsync(), Cancelled);
        await CreateAsync();

        await Assert.ThrowsAsync<CapacityException>(() => CreateAsync());
    }

    [Fact]
    public async Task PauseAsync_ProcessesThatDoNotStop_RunOnAndCutNobodyOff()
    {
        var sandbox = await CreateAsync();
        var run = sandbox.Runs.Current!;
        _engine.Sandboxes[0].FreezeFailure = new TimeoutException();

        Assert.Equal(PauseOutcome.Busy, await _registry.PauseAsync(sandbox, Cancelled));

        Assert.Same(run, sandbox.Runs.Current);
        Assert.False(run.Ended.IsCancellationRequested);
        Assert.Equal(_time.GetUtcNow() + Life, sandbox.EndAt);
        _engine.Sandboxes[0].FreezeFailure = null;
        Assert.Equal(PauseOutcome.Paused, await _registry.PauseAsync(sandbox, Cancelled));
    }

    [Fact]
    public async Task KillAsync_Paused_EndsIt()
    {
        var sandbox = await CreateAsync();
        await _registry.PauseAsync(sandbox, Cancelled);

        Assert.True(await _registry.KillAsync(sandbox, Cancelled));

        Assert.True(_engine.Sandboxes[0].IsDisposed);
        Assert.Empty(_registry.All);
    }

    [Fact]
    public async Task KillAsync_WhileItIsBeingPaused_EndsItAndFreesItsPlace()
    {
        var freezing = new TaskCompletionSource();
        var sandbox = await CreateAsync();
        _engine.Sandboxes[0].Freezing = freezing.Task;
        var pause = _registry.PauseAsync(sandbox, Cancelled);

        Assert.True(await _registry.KillAsync(sandbox, Cancelled));
        _engine.Sandboxes[0].FreezeFailure = new SyscallException("freeze", ErrnoName.ENOENT, "group");
        freezing.SetResult();

        Assert.Equal(PauseOutcome.Ended, await pause);
        for (var i = 0; i < 2; i++) Assert.Equal(PauseOutcome.Paused, await _registry.PauseAsync(await CreateAsync(), Cancelled));
    }

    [Fact]
    public async Task ResumeAsync_WhileItIsBeingPaused_ComesAfterThat()
    {
        var freezing = new TaskCompletionSource();
        var sandbox = await CreateAsync();
        _engine.Sandboxes[0].Freezing = freezing.Task;
        var pause = _registry.PauseAsync(sandbox, Cancelled);
        var resume = _registry.ResumeAsync(sandbox, Life, Cancelled);
        Assert.False(resume.IsCompleted);

        freezing.SetResult();

        Assert.Equal(PauseOutcome.Paused, await pause);
        Assert.Equal(ResumeOutcome.Resumed, await resume);
        Assert.False(_engine.Sandboxes[0].IsFrozen);
    }

    [Fact]
    public async Task EndOfLife_WithAutoPause_PausesEachTime()
    {
        var sandbox = await CreateAsync(autoPause: true);
        for (var i = 0; i < 2; i++)
        {
            _time.Advance(Life);
            await PausedAsync(sandbox);
            Assert.Null(sandbox.EndedBy);
            Assert.Equal(ResumeOutcome.Resumed, await _registry.ResumeAsync(sandbox, Life, Cancelled));
        }
    }

    [Fact]
    public async Task EndOfLife_WithAutoPauseAndNoPlaceLeft_Kills()
    {
        await _registry.PauseAsync(await CreateAsync(), Cancelled);
        await _registry.PauseAsync(await CreateAsync(), Cancelled);
        var sandbox = await CreateAsync(autoPause: true);

        _time.Advance(Life);

        await _engine.Sandboxes[2].Exited.WaitAsync(Deadline, Cancelled);
        Assert.Equal(SandboxEnd.Timeout, sandbox.EndedBy);
    }

    [Fact]
    public async Task EndOfLife_WithAutoPauseWhileSomebodyConnects_LeavesItRunning()
    {
        var freezing = new TaskCompletionSource();
        var sandbox = await CreateAsync(autoPause: true);
        _engine.Sandboxes[0].Freezing = freezing.Task;
        _time.Advance(Life);
        // The end is being dealt with; who connects now waits for that, and gets a sandbox that runs.
        var connect = _registry.ResumeAsync(sandbox, Life, Cancelled);

        freezing.SetResult();

        Assert.Equal(ResumeOutcome.Resumed, await connect);
        Assert.False(sandbox.IsPaused);
        Assert.Null(sandbox.EndedBy);
    }

    [Fact]
    public async Task Memory_OfOneThatStaysPaused_IsReclaimed()
    {
        var sandbox = await CreateAsync();
        await _registry.PauseAsync(sandbox, Cancelled);
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(_engine.Sandboxes[0].Reclaimed.Task.IsCompleted);

        _time.Advance(TimeSpan.FromSeconds(1));

        await _engine.Sandboxes[0].Reclaimed.Task.WaitAsync(Deadline, Cancelled);
    }

    [Fact]
    public async Task Memory_OfOneThatIsResumedSoon_IsKept()
    {
        var sandbox = await CreateAsync(life: TimeSpan.FromHours(1));
        await _registry.PauseAsync(sandbox, Cancelled);
        await _registry.ResumeAsync(sandbox, TimeSpan.FromHours(1), Cancelled);

        _time.Advance(TimeSpan.FromMinutes(2));

        Assert.False(_engine.Sandboxes[0].Reclaimed.Task.IsCompleted);
    }

    [Fact]
    public async Task ResumeAsync_WhileMemoryIsReclaimed_ComesAfterThat()
    {
        var (_, resume, reclaiming) = await ResumeBehindReclaimAsync();

        Assert.False(resume.IsCompleted);
        Assert.True(_engine.Sandboxes[0].IsFrozen);
        reclaiming.SetResult();

        Assert.Equal(ResumeOutcome.Resumed, await resume);
        Assert.True(_engine.Sandboxes[0].Reclaimed.Task.IsCompleted);
        Assert.False(_engine.Sandboxes[0].IsFrozen);
    }

    [Fact]
    public async Task KillAsync_WhileMemoryIsReclaimed_DoesNotWait()
    {
        var (sandbox, resume, reclaiming) = await ResumeBehindReclaimAsync();

        Assert.True(await _registry.KillAsync(sandbox, Cancelled));

        reclaiming.SetResult();
        Assert.Equal(ResumeOutcome.Ended, await resume);
    }

    [Fact]
    public async Task Paused_ForTooLongBehindAResume_GoesOn()
    {
        var (sandbox, resume, reclaiming) = await ResumeBehindReclaimAsync();

        _time.Advance(PausedLife);
        reclaiming.SetResult();

        Assert.Equal(ResumeOutcome.Resumed, await resume);
        // The turn after that of the end.
        Assert.Equal(ResumeOutcome.WasRunning, await _registry.ResumeAsync(sandbox, Life, Cancelled));
        Assert.Null(sandbox.EndedBy);
        Assert.Same(sandbox, _registry.Find(sandbox.Id.Value));
    }

    [Fact]
    public async Task Exited_WhilePaused_UnlistsTheSandbox()
    {
        var sandbox = await CreateAsync();
        await _registry.PauseAsync(sandbox, Cancelled);
        var stopped = new TaskCompletionSource();
        sandbox.Stopping.Register(stopped.SetResult);

        _engine.Sandboxes[0].Exit(SandboxExit.OutOfMemory);

        await stopped.Task.WaitAsync(Deadline, Cancelled);
        Assert.Equal(SandboxEnd.OutOfMemory, _registry.WhyEnded(Owner.Tenant, sandbox.Id.Value));
    }

    /// <summary>A resume that waits for its turn, which is that of the reclaim until the test lets it end.</summary>
    private async Task<(LiveSandbox Sandbox, Task<ResumeOutcome> Resume, TaskCompletionSource Reclaiming)> ResumeBehindReclaimAsync()
    {
        var reclaiming = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sandbox = await CreateAsync();
        _engine.Sandboxes[0].Reclaiming = reclaiming.Task;
        await _registry.PauseAsync(sandbox, Cancelled);
        _time.Advance(TimeSpan.FromMinutes(1));
        await _engine.Sandboxes[0].ReclaimBegun.Task.WaitAsync(Deadline, Cancelled);
        return (sandbox, _registry.ResumeAsync(sandbox, Life, Cancelled), reclaiming);
    }

    private static async Task PausedAsync(LiveSandbox sandbox)
    {
        if (sandbox.Runs.Current is not { } run) return;
        var ended = new TaskCompletionSource();
        await using var registration = run.Ended.Register(ended.SetResult);
        await ended.Task.WaitAsync(Deadline, Cancelled);
    }

    private Task<LiveSandbox> CreateAsync(bool autoPause = false, TimeSpan? life = null) => _registry.CreateAsync(
        Owner, new SandboxSpec(), new SandboxSettings { Template = "base", Timeout = life ?? Life, AutoPause = autoPause }, Cancelled);

    private sealed class ConstantKeys : ISandboxTokenKeys
    {
        public byte[] Derive(string purpose) => new byte[32];
    }
}
