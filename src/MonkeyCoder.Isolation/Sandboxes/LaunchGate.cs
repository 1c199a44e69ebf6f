namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// Bounds launches at the same time. Callers who wait for a sandbox go first; filling the pool gets the places that they leave.
/// </summary>
internal sealed class LaunchGate(int places)
{
    private readonly Lock _lock = new();
    private readonly Queue<TaskCompletionSource> _urgent = new(); // under _lock
    private readonly Queue<TaskCompletionSource> _patient = new(); // under _lock
    private int _free = places; // under _lock

    /// <summary>Completes with a place; disposing it gives the place back.</summary>
    public async Task<IDisposable> EnterAsync(bool urgent, CancellationToken cancellationToken)
    {
        var turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            (urgent ? _urgent : _patient).Enqueue(turn);
            Admit();
        }

        await using (cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), turn))
            await turn.Task.ConfigureAwait(false);
        return new Place(this);
    }

    /// <summary>Caller holds the lock.</summary>
    private void Admit()
    {
        while (_free > 0 && (TryAdmit(_urgent) || TryAdmit(_patient))) _free--;
    }

    /// <summary>Those who have gone away meanwhile are passed over.</summary>
    private static bool TryAdmit(Queue<TaskCompletionSource> waiting)
    {
        while (waiting.TryDequeue(out var turn))
            if (turn.TrySetResult()) return true;
        return false;
    }

    private void Leave()
    {
        lock (_lock)
        {
            _free++;
            Admit();
        }
    }

    private sealed class Place(LaunchGate gate) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0) gate.Leave();
        }
    }
}
