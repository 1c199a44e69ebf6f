using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Tests.E2b;

namespace MonkeyCoder.Sandbox.Tests.Sandboxes;

public sealed class IdleWatchTests : IAsyncLifetime
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(40);

    private E2bNode _node = null!;
    private IdleWatch _watch = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await E2bNode.StartAsync();
        _watch = new IdleWatch(_node.Registry, Options.Create(new SandboxesOptions { IdleTimeout = Idle }), _node.Time);
    }

    public async ValueTask DisposeAsync()
    {
        _watch.Dispose();
        await _node.DisposeAsync();
    }

    [Fact]
    public async Task Look_AtASandboxThatNobodyUses_EndsItAndItsOwnerIsToldWhy()
    {
        var created = await _node.CreateAsync();
        var sandbox = _node.Registry.Find(created.Id)!;

        LookAfter(TimeSpan.Zero);
        LookAfter(Idle - TimeSpan.FromSeconds(1));
        Assert.Null(sandbox.EndedBy);
        LookAfter(TimeSpan.FromSeconds(1));

        Assert.Equal(SandboxExit.Killed, await _node.Engine.Sandboxes[0].Exited.WaitAsync(TimeSpan.FromSeconds(60), Cancelled));
        Assert.Equal(SandboxEnd.Idle, sandbox.EndedBy);
        Assert.Equal(SandboxEnd.Idle, _node.Registry.WhyEnded("tenant1", created.Id));
        Assert.Null(_node.Registry.WhyEnded("tenant2", created.Id));
    }

    [Fact]
    public async Task Look_AtASandboxThatIsAskedForNowAndThen_LeavesIt()
    {
        var created = await _node.CreateAsync();

        for (var i = 0; i < 5; i++)
        {
            LookAfter(Idle - TimeSpan.FromSeconds(1));
            using var answer = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/{created.Id}");
            Assert.Equal(200, (int)answer.StatusCode);
        }
    }

    [Fact]
    public async Task Look_AtASandboxWithAnOpenUse_LeavesItUntilTheUseIsLongOver()
    {
        var sandbox = _node.Registry.Find((await _node.CreateAsync()).Id)!;
        var use = sandbox.Activity.Enter();
        LookAfter(TimeSpan.Zero);
        LookAfter(Idle);
        LookAfter(Idle);
        Assert.Null(sandbox.EndedBy);

        use.Dispose();
        LookAfter(TimeSpan.Zero);
        Assert.Null(sandbox.EndedBy);
        LookAfter(Idle);

        Assert.Equal(SandboxEnd.Idle, sandbox.EndedBy);
    }

    [Fact]
    public async Task Look_AtAPausedSandbox_LeavesItAndCountsFromItsResume()
    {
        var sandbox = _node.Registry.Find((await _node.CreateAsync("""{"templateID":"base","timeout":3600}""")).Id)!;
        LookAfter(TimeSpan.Zero);
        await _node.Registry.PauseAsync(sandbox, Cancelled);
        for (var i = 0; i < 5; i++) LookAfter(Idle);
        await _node.Registry.ResumeAsync(sandbox, TimeSpan.FromHours(1), Cancelled);
        LookAfter(Idle - TimeSpan.FromSeconds(1));
        Assert.Null(sandbox.EndedBy);

        LookAfter(TimeSpan.FromSeconds(1));
        LookAfter(Idle);

        Assert.Equal(SandboxEnd.Idle, sandbox.EndedBy);
    }

    private void LookAfter(TimeSpan time)
    {
        _node.Time.Advance(time);
        _watch.Look(Idle);
    }
}
