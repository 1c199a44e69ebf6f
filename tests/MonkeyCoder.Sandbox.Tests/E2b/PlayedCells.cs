using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.E2b;

/// <summary>Cells whose events a test writes.</summary>
internal sealed class PlayedCells : ICellRunner
{
    private readonly Channel<PlayedCell> _started = Channel.CreateUnbounded<PlayedCell>();

    /// <summary>Ids of contexts that were restarted or closed.</summary>
    public List<string> Restarted { get; } = [];

    public List<string> Closed { get; } = [];

    public async Task<PlayedCell> NextAsync(CancellationToken cancellationToken) =>
        await _started.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);

    public async IAsyncEnumerable<CellEvent> RunAsync(
        LiveSandbox sandbox, CellRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cell = new PlayedCell(request);
        _started.Writer.TryWrite(cell);
        try
        {
            await foreach (var item in cell.Events.Reader.ReadAllAsync(cancellationToken)) yield return item;
        }
        finally
        {
            cell.Left.TrySetResult();
        }
    }

    public Task RestartAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken)
    {
        Restarted.Add(context.Id);
        return Task.CompletedTask;
    }

    public Task CloseAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken)
    {
        Closed.Add(context.Id);
        return Task.CompletedTask;
    }
}

/// <summary>One cell.</summary>
internal sealed class PlayedCell(CellRequest request)
{
    public CellRequest Request => request;

    public Channel<CellEvent> Events { get; } = Channel.CreateUnbounded<CellEvent>();

    /// <summary>Set when nobody reads the cell any more.</summary>
    public TaskCompletionSource Left { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Play(params CellEvent[] events)
    {
        foreach (var item in events) Events.Writer.TryWrite(item);
        if (events is [.., CellEnded]) Events.Writer.TryComplete();
    }
}
