using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;
using MonkeyCoder.Sandbox.Tests.Admission;
using MonkeyCoder.Testing;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Sandboxes;

public sealed class SandboxRegistryTests : IAsyncDisposable
{
    private static readonly SandboxOwner Owner = new("tenant", "key");

    private readonly FakeSandboxEngine _engine = new();
    private readonly ManualTimeProvider _time = new();
    private readonly SandboxRegistry _registry;

    public SandboxRegistryTests() => _registry = new SandboxRegistry(
        _engine, TestAdmission.On(new SandboxesOptions { MaxSandboxes = 3 }), new ConstantKeys(),
        Options.Create(new SandboxesOptions()), _time, NullLogger<SandboxRegistry>.Instance);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _registry.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task CreateAsync_WithEnvironment_ConfiguresTheAgentWithItAndTheIdentity()
    {
        var sandbox = await CreateAsync(new SandboxSettings { Template = "base", Environment = new Dictionary<string, string> { ["A"] = "1" } });

        var configured = _engine.Agent.Configured!;
        Assert.Equal("user", configured.DefaultUser);
        Assert.Equal(
            new Dictionary<string, string>
            {
                ["A"] = "1",
                ["E2B_SANDBOX"] = "true",
                ["E2B_SANDBOX_ID"] = sandbox.Id.Value,
                ["E2B_TEMPLATE_ID"] = "base",
            },
            configured.Environment);
        Assert.Matches("^[0-9a-f]{64}$", sandbox.Tokens.Access);
        Assert.Null(sandbox.Tokens.Traffic);
    }

    [Fact]
    public async Task CreateAsync_ForATenant_TellsTheEngineWhoseItIs()
    {
        await CreateAsync();

        Assert.Equal(Owner.Tenant, _engine.Sandboxes[0].Spec.Owner);
    }

    [Fact]
    public async Task Find_OfAnotherTenant_LooksLikeNothing()
    {
        var sandbox = await CreateAsync();

        Assert.Same(sandbox, _registry.Find("tenant", sandbox.Id.Value));
        Assert.Null(_registry.Find("other", sandbox.Id.Value));
        Assert.Null(_registry.Find("tenant", "unknown"));
    }

    [Fact]
    public async Task KillAsync_Twice_EndsOnceAndUnlists()
    {
        var sandbox = await CreateAsync();

        Assert.True(await _registry.KillAsync(sandbox, Cancelled));
        Assert.False(await _registry.KillAsync(sandbox, Cancelled));
        Assert.True(sandbox.Stopping.IsCancellationRequested);
        Assert.True(_engine.Sandboxes[0].IsDisposed);
        Assert.Empty(_registry.All);
    }

    [Fact]
    public async Task KillAsync_ByMany_IsTrueForOne()
    {
        var sandbox = await CreateAsync();

        var results = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => Task.Run(() => _registry.KillAsync(sandbox, Cancelled), Cancelled)));

        Assert.Single(results, killed => killed);
    }

    [Fact]
    public async Task EndOfLife_WhenItComes_EndsTheSandbox()
    {
        var sandbox = await CreateAsync(new SandboxSettings { Template = "base", Timeout = TimeSpan.FromSeconds(10) });

        _time.Advance(TimeSpan.FromSeconds(9.9));
        Assert.False(sandbox.Stopping.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(0.2));

        await _engine.Sandboxes[0].Exited.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Assert.True(sandbox.Stopping.IsCancellationRequested);
        Assert.Null(_registry.Find(sandbox.Id.Value));
    }

    [Fact]
    public async Task SetEnd_LaterThenEarlier_EndsAtTheLastWord()
    {
        var sandbox = await CreateAsync(new SandboxSettings { Template = "base", Timeout = TimeSpan.FromSeconds(10) });
        _registry.SetEnd(sandbox, _time.GetUtcNow() + TimeSpan.FromSeconds(100));
        _time.Advance(TimeSpan.FromSeconds(50));
        Assert.NotNull(_registry.Find(sandbox.Id.Value));

        _registry.SetEnd(sandbox, _time.GetUtcNow() + TimeSpan.FromSeconds(5));
        _time.Advance(TimeSpan.FromSeconds(6));

        await _engine.Sandboxes[0].Exited.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
    }

    [Fact]
    public async Task SetEnd_BeyondTheLongestLife_IsCapped()
    {
        var sandbox = await CreateAsync();

        _registry.SetEnd(sandbox, _time.GetUtcNow() + TimeSpan.FromDays(365));

        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromHours(24), sandbox.EndAt);
    }

    [Fact]
    public async Task SetEnd_AfterTheEnd_IsRefused()
    {
        var sandbox = await CreateAsync(new SandboxSettings { Template = "base", Timeout = TimeSpan.FromSeconds(10) });
        _time.Advance(TimeSpan.FromSeconds(10));

        Assert.False(_registry.SetEnd(sandbox, _time.GetUtcNow() + TimeSpan.FromSeconds(60)));
        Assert.False(_registry.ExtendEnd(sandbox, _time.GetUtcNow() + TimeSpan.FromSeconds(60)));
        await _engine.Sandboxes[0].Exited.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task Clock_ThatJumpsADay_EndsNothingAndMovesWhatIsShown(int days)
    {
        var sandbox = await CreateAsync(new SandboxSettings { Template = "base", Timeout = TimeSpan.FromSeconds(10) });
        var end = sandbox.EndAt;

        _time.Jump(TimeSpan.FromDays(days));
        _time.Advance(TimeSpan.FromSeconds(9));

        Assert.NotNull(_registry.Find(sandbox.Id.Value));
        Assert.Equal(end + TimeSpan.FromDays(days), sandbox.EndAt);
        _time.Advance(TimeSpan.FromSeconds(1));
        await _engine.Sandboxes[0].Exited.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
    }

    [Fact]
    public async Task ExtendEnd_ToAnEarlierTime_ChangesNothing()
    {
        var sandbox = await CreateAsync();
        var end = sandbox.EndAt;

        _registry.ExtendEnd(sandbox, end - TimeSpan.FromSeconds(1));

        Assert.Equal(end, sandbox.EndAt);
    }

    [Theory]
    [InlineData(SandboxExit.AgentDied)]
    [InlineData(SandboxExit.OutOfMemory)]
    public async Task Exited_ByItself_UnlistsTheSandbox(SandboxExit exit)
    {
        var sandbox = await CreateAsync();
        var stopped = new TaskCompletionSource();
        sandbox.Stopping.Register(stopped.SetResult);

        _engine.Sandboxes[0].Exit(exit);

        await stopped.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
        Assert.Null(_registry.Find(sandbox.Id.Value));
    }

    [Fact]
    public async Task CreateAsync_AboveTheLimit_IsRefusedUntilOneEnds()
    {
        var first = await CreateAsync();
        await CreateAsync();
        await CreateAsync();

        await Assert.ThrowsAsync<CapacityException>(() => CreateAsync());
        await _registry.KillAsync(first, Cancelled);
        await CreateAsync();
    }

    [Fact]
    public async Task CreateAsync_WhenTheAgentFails_LeavesNothing()
    {
        _engine.MakeAgent = static () => new BrokenAgent();
        for (var i = 0; i < 4; i++) await Assert.ThrowsAsync<AgentUnreachableException>(() => CreateAsync());

        Assert.Equal(4, _engine.Sandboxes.Count);
        Assert.All(_engine.Sandboxes, sandbox => Assert.True(sandbox.IsDisposed));
        Assert.Empty(_registry.All);
    }

    [Fact]
    public async Task DisposeAsync_WithSandboxes_EndsThemAll()
    {
        await CreateAsync();
        await CreateAsync();

        await _registry.DisposeAsync();

        Assert.All(_engine.Sandboxes, sandbox => Assert.True(sandbox.IsDisposed));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => CreateAsync());
    }

    private Task<LiveSandbox> CreateAsync(SandboxSettings? settings = null) =>
        _registry.CreateAsync(Owner, new SandboxSpec(), settings ?? new SandboxSettings { Template = "base" }, Cancelled);

    private sealed class BrokenAgent : FakeAgent
    {
        public override Task ConfigureAsync(ConfigureRequest request, CancellationToken cancellationToken) =>
            throw new AgentUnreachableException("gone");
    }

    private sealed class ConstantKeys : ISandboxTokenKeys
    {
        public byte[] Derive(string purpose) => new byte[32];
    }
}
