using Microsoft.Extensions.Logging.Abstractions;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Reclaim;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Reclaim;

public sealed class RemovalQueueTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _permits = new(0);
    private readonly List<SandboxId> _killed = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _permits.Dispose();

    [Fact]
    public async Task EndAsync_RemovalTakesLong_ReturnsOnceNothingRuns()
    {
        await using var queue = NewQueue(most: 2);

        await queue.EndAsync(SandboxId.New(), null, Token).WaitAsync(Deadline, Token);

        Assert.Single(_killed);
        Assert.Equal(1, queue.Count);
        _permits.Release();
    }

    [Fact]
    public async Task WaitForRoomAsync_AsManyAsMayWait_WaitsForOneToGo()
    {
        await using var queue = NewQueue(most: 2);
        await queue.WaitForRoomAsync(Token);
        await queue.EndAsync(SandboxId.New(), null, Token);
        await queue.WaitForRoomAsync(Token);
        await queue.EndAsync(SandboxId.New(), null, Token);

        var waiting = queue.WaitForRoomAsync(Token);
        Assert.False(waiting.IsCompleted);

        _permits.Release();
        await waiting.WaitAsync(Deadline, Token);
        _permits.Release();
    }

    [Fact]
    public async Task WaitForRoomAsync_CancelledWhileWaiting_LetsTheNextOneIn()
    {
        await using var queue = NewQueue(most: 1);
        await queue.EndAsync(SandboxId.New(), null, Token);
        using var givesUp = new CancellationTokenSource();
        var gone = queue.WaitForRoomAsync(givesUp.Token);
        var next = queue.WaitForRoomAsync(Token);

        await givesUp.CancelAsync();
        _permits.Release();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gone);
        await next.WaitAsync(Deadline, Token);
    }

    [Fact]
    public async Task WaitForRoomAsync_MoreWaitThanThereAreRemovals_AllGetIn()
    {
        await using var queue = NewQueue(most: 1);
        await queue.EndAsync(SandboxId.New(), null, Token);
        var waiting = Enumerable.Range(0, 5).Select(_ => queue.WaitForRoomAsync(Token)).ToArray();

        _permits.Release();

        await Task.WhenAll(waiting).WaitAsync(Deadline, Token);
        await queue.WaitForRoomAsync(Token).WaitAsync(Deadline, Token);
    }

    [Fact]
    public async Task DisposeAsync_WithSomeWaiting_RemovesThemAllFirst()
    {
        var queue = NewQueue(most: 10);
        for (var i = 0; i < 5; i++) await queue.EndAsync(SandboxId.New(), null, Token);

        var disposing = queue.DisposeAsync().AsTask();
        Assert.False(disposing.IsCompleted);
        _permits.Release(5);

        await disposing.WaitAsync(Deadline, Token);
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public async Task EndAsync_RemovalFails_QueueGoesOn()
    {
        var failures = 1;
        await using var queue = new RemovalQueue(
            static (_, _) => Task.CompletedTask, (_, _, _) => Interlocked.Decrement(ref failures) >= 0 ? throw new IOException("no") : Task.CompletedTask,
            new EngineOptions { MostPendingRemovals = 1 }, NullLogger.Instance, TimeProvider.System);

        await queue.EndAsync(SandboxId.New(), null, Token);
        await queue.WaitForRoomAsync(Token).WaitAsync(Deadline, Token);
        await queue.EndAsync(SandboxId.New(), null, Token);
        await queue.WaitForRoomAsync(Token).WaitAsync(Deadline, Token);

        Assert.True(failures < 0);
    }

    private RemovalQueue NewQueue(int most) => new(
        (id, _) =>
        {
            _killed.Add(id);
            return Task.CompletedTask;
        },
        RemoveAsync, new EngineOptions { MostPendingRemovals = most }, NullLogger.Instance, TimeProvider.System);

    private async Task RemoveAsync(SandboxId id, UidRange? range, CancellationToken deadline) => Assert.True(await _permits.WaitAsync(Deadline, CancellationToken.None));
}
