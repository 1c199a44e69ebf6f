using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Reclaim;

/// <summary>
/// Removes what is left of sandboxes in which nothing runs any more, behind the back of whoever ended them: mounts, pieces of the
/// store, groups, records. What waits is bounded by those who make new sandboxes: they wait while it is too much.
/// </summary>
internal sealed class RemovalQueue : IAsyncDisposable
{
    // One alone would leave the machine idle while it waits for a group to become free; more only get in each other's way.
    private const int Workers = 2;

    private readonly Func<SandboxId, CancellationToken, Task> _kill;
    private readonly Func<SandboxId, UidRange?, CancellationToken, Task> _remove;
    private readonly EngineOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Channel<(SandboxId Id, UidRange? Range)> _waiting = Channel.CreateUnbounded<(SandboxId, UidRange?)>();
    private readonly Task[] _workers = new Task[Workers];
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _makers = new(); // under _lock
    private int _count; // under _lock

    /// <param name="kill">Ends what runs in a sandbox.</param>
    /// <param name="remove">Removes all of it.</param>
    /// <param name="options">Most that may wait, and the time for each.</param>
    /// <param name="logger">For those that could not be removed.</param>
    /// <param name="time">Clock.</param>
    public RemovalQueue(
        Func<SandboxId, CancellationToken, Task> kill, Func<SandboxId, UidRange?, CancellationToken, Task> remove, EngineOptions options,
        ILogger logger, TimeProvider time)
    {
        (_kill, _remove, _options, _logger, _time) = (kill, remove, options, logger, time);
        for (var i = 0; i < Workers; i++) _workers[i] = Task.Run(WorkAsync);
    }

    /// <summary>Sandboxes that are being removed or wait for it.</summary>
    public int Count
    {
        get
        {
            lock (_lock) return _count;
        }
    }

    /// <summary>Kills what runs, which it waits for, and leaves the rest to the queue.</summary>
    /// <param name="id">The sandbox.</param>
    /// <param name="range">Its uid range where it is known; it stays claimed until nothing is left.</param>
    /// <param name="deadline">Ends the waiting; the queue tries again.</param>
    public async Task EndAsync(SandboxId id, UidRange? range, CancellationToken deadline)
    {
        try
        {
            await _kill(id, deadline).ConfigureAwait(false);
        }
        finally
        {
            lock (_lock) _count++;
            // After the end of the queue there is nobody: the next start finds it.
            if (!_waiting.Writer.TryWrite((id, range))) Done();
        }
    }

    /// <summary>Completes at once, or when less is waiting than may wait; in the order of calling.</summary>
    public async Task WaitForRoomAsync(CancellationToken cancellationToken)
    {
        TaskCompletionSource turn;
        lock (_lock)
        {
            if (_count < _options.MostPendingRemovals && _makers.Count == 0) return;
            turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _makers.Enqueue(turn);
        }

        await using (cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn))
            await turn.Task.ConfigureAwait(false);
    }

    /// <summary>Returns when all that waits has been removed, or could not be.</summary>
    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await Task.WhenAll(_workers).ConfigureAwait(false);
    }

    private async Task WorkAsync()
    {
        await foreach (var (id, range) in _waiting.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            var started = _time.GetTimestamp();
            using var deadline = new CancellationTokenSource(_options.TeardownTimeout, _time);
            try
            {
                await _remove(id, range, deadline.Token).ConfigureAwait(false);
                _logger.Removed(id, _time.GetElapsedTime(started).TotalMilliseconds);
            }
#pragma warning disable CA1031 // The queue goes on: what is left is kept on record and removed at the next start.
            catch (Exception e)
#pragma warning restore CA1031
            {
                _logger.RemoveFailed(e, id);
            }
            finally
            {
                Done();
            }
        }
    }

    private void Done()
    {
        lock (_lock)
        {
            _count--;
            // All of them: a launch that is let in adds nothing to the count, so nobody would come for those behind it.
            while (_count < _options.MostPendingRemovals && _makers.TryDequeue(out var turn)) turn.TrySetResult();
        }
    }
}
