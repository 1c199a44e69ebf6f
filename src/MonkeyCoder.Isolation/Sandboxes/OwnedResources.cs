namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// What has been made so far, undone in reverse order. One owner; nothing is added while it is being disposed. Every step
/// is tried, and what failed is thrown together at the end.
/// </summary>
/// <param name="limit">For all steps together; then their token is cancelled.</param>
/// <param name="time">Clock for it.</param>
internal sealed class OwnedResources(TimeSpan limit, TimeProvider time) : IAsyncDisposable
{
    private Stack<Func<CancellationToken, Task>> _undo = new();

    /// <summary>Adds a step.</summary>
    public void Push(Func<CancellationToken, Task> undo) => _undo.Push(undo);

    /// <summary>Adds a resource, and returns it.</summary>
    public T Push<T>(T resource)
        where T : IDisposable
    {
        Push(_ =>
        {
            resource.Dispose();
            return Task.CompletedTask;
        });
        return resource;
    }

    /// <summary>As <see cref="Push{T}(T)"/>, for what is disposed asynchronously.</summary>
    public T PushAsync<T>(T resource)
        where T : IAsyncDisposable
    {
        Push(async _ => await resource.DisposeAsync().ConfigureAwait(false));
        return resource;
    }

    /// <summary>Hands everything over to a new owner; disposing this one then does nothing.</summary>
    public OwnedResources Release()
    {
        var handedOver = new OwnedResources(limit, time) { _undo = _undo };
        _undo = new Stack<Func<CancellationToken, Task>>();
        return handedOver;
    }

    public async ValueTask DisposeAsync()
    {
        using var deadline = new CancellationTokenSource(limit, time);
        List<Exception>? failures = null;
        while (_undo.TryPop(out var undo))
        {
            try
            {
                await undo(deadline.Token).ConfigureAwait(false);
            }
#pragma warning disable CA1031 // A step that fails must not keep the others from being tried; all failures are thrown below.
            catch (Exception e)
#pragma warning restore CA1031
            {
                (failures ??= []).Add(e);
            }
        }

        if (failures is not null) throw new AggregateException(failures);
    }
}
