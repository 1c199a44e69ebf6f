namespace MonkeyCoder.Sandbox.E2b;

/// <summary>Passes on what a source yields, one thing at a time, and speaks up when it has been silent for a while.</summary>
internal static class IdlePump
{
    /// <summary>
    /// Calls <paramref name="onItem"/> for each item, <paramref name="onWait"/> where the next one is not there yet, and
    /// <paramref name="onIdle"/> after each <paramref name="interval"/> without one; never two at once. The source is read
    /// no faster than the calls complete.
    /// </summary>
    public static async Task RunAsync<T>(
        Func<CancellationToken, IAsyncEnumerable<T>> source, TimeSpan interval, TimeProvider time,
        Func<T, ValueTask> onItem, Func<ValueTask> onWait, Func<ValueTask> onIdle, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var items = source(stop.Token).GetAsyncEnumerator(stop.Token);
        var pending = Task.FromResult(false);
        var last = time.GetTimestamp();
        Task? tick = null;
        try
        {
            while (true)
            {
                var next = items.MoveNextAsync();
                if (!next.IsCompleted)
                {
                    pending = next.AsTask();
                    await onWait().ConfigureAwait(false);
                    while (!pending.IsCompleted)
                    {
                        // One tick outlives many items: it is made anew only when it has passed.
                        tick ??= Task.Delay(Remaining(time, last, interval), time, stop.Token);
                        if (await Task.WhenAny(pending, tick).ConfigureAwait(false) == pending) break;
                        tick = null;
                        if (stop.IsCancellationRequested) break;
                        if (Remaining(time, last, interval) > TimeSpan.Zero) continue;
                        await onIdle().ConfigureAwait(false);
                        last = time.GetTimestamp();
                    }

                    if (!await pending.ConfigureAwait(false)) return;
                }
                else if (!await next.ConfigureAwait(false))
                {
                    return;
                }

                await onItem(items.Current).ConfigureAwait(false);
                last = time.GetTimestamp();
            }
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            // An enumerator cannot be disposed of in the middle of a step.
            await ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await items.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static TimeSpan Remaining(TimeProvider time, long last, TimeSpan interval)
    {
        var remaining = interval - time.GetElapsedTime(last);
        return remaining > TimeSpan.Zero ? remaining : TimeSpan.Zero;
    }
}
