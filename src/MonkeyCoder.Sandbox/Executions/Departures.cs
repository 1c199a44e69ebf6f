using System.Collections.Concurrent;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// Removes sandboxes after their answer has been made: callers do not wait for a teardown, unless so many are under way
/// that leftovers would pile up.
/// </summary>
internal sealed class Departures(ISandboxRegistry registry, ILogger<Departures> logger) : IAsyncDisposable
{
    private const int MaxUnderWay = 16;

    private readonly SemaphoreSlim _slots = new(MaxUnderWay, MaxUnderWay);
    private readonly ConcurrentDictionary<Task, byte> _underWay = [];

    /// <summary>Returns when the removal has begun.</summary>
    public async Task StartAsync(LiveSandbox sandbox)
    {
        // Neither the caller's leaving nor its impatience may stop a removal.
        await _slots.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        var removal = RemoveAsync(sandbox);
        _underWay[removal] = 0;
        _ = removal.ContinueWith(
            done => _underWay.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>Waits for what is under way.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_underWay.Keys).ConfigureAwait(false);
        _slots.Dispose();
    }

    private async Task RemoveAsync(LiveSandbox sandbox)
    {
        // Leaves the caller's thread at once.
        await Task.Yield();
        try
        {
            await registry.KillAsync(sandbox, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            // A teardown step: what it left is removed by the registry's own retry, or at the next start.
            logger.RemovalFailed(exception, sandbox.Id.Value);
        }
        finally
        {
            _slots.Release();
        }
    }
}
