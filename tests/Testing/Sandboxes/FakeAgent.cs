using System.Threading.Channels;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Testing.Sandboxes;

/// <summary>An agent whose kernels a test plays. Derive from it to play more.</summary>
public class FakeAgent : ISandboxAgent
{
    private readonly Channel<FakeCell> _cells = Channel.CreateUnbounded<FakeCell>();
    private readonly Channel<string> _interrupts = Channel.CreateUnbounded<string>();
    private readonly Channel<string> _closes = Channel.CreateUnbounded<string>();
    private readonly List<KernelOpenRequest> _opened = [];

    /// <summary>Plays every cell at once; null: the test takes cells with <see cref="NextCellAsync"/>.</summary>
    public Action<FakeCell>? Script { get; set; }

    /// <summary>Runs before a kernel is open; throws to refuse.</summary>
    public Func<KernelOpenRequest, CancellationToken, Task>? Opening { get; set; }

    public ConfigureRequest? Configured { get; private set; }

    public IReadOnlyList<KernelOpenRequest> Opened
    {
        get
        {
            lock (_opened) return [.. _opened];
        }
    }

    public async Task<FakeCell> NextCellAsync(CancellationToken cancellationToken) =>
        await _cells.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);

    /// <summary>Completes at the next interrupt, with the context's id.</summary>
    public async Task<string> NextInterruptAsync(CancellationToken cancellationToken) =>
        await _interrupts.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);

    /// <summary>Completes when the next kernel is killed, with the context's id.</summary>
    public async Task<string> NextCloseAsync(CancellationToken cancellationToken) =>
        await _closes.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);

    public virtual Task<AgentInfo> PingAsync(CancellationToken cancellationToken) =>
        Task.FromResult(new AgentInfo(AgentProtocol.Version, "fake"));

    public virtual Task ConfigureAsync(ConfigureRequest request, CancellationToken cancellationToken)
    {
        Configured = request;
        return Task.CompletedTask;
    }

    public virtual async Task OpenKernelAsync(KernelOpenRequest request, CancellationToken cancellationToken)
    {
        if (Opening is not null) await Opening(request, cancellationToken);
        lock (_opened) _opened.Add(request);
    }

    public virtual Task<ICellStream> ExecuteAsync(KernelExecuteRequest request, CancellationToken cancellationToken)
    {
        var cell = new FakeCell(request);
        if (Script is not null) Script(cell);
        else _cells.Writer.TryWrite(cell);
        return Task.FromResult<ICellStream>(cell);
    }

    public virtual Task InterruptKernelAsync(string contextId, CancellationToken cancellationToken)
    {
        _interrupts.Writer.TryWrite(contextId);
        return Task.CompletedTask;
    }

    public virtual Task CloseKernelAsync(string contextId, CancellationToken cancellationToken)
    {
        _closes.Writer.TryWrite(contextId);
        return Task.CompletedTask;
    }

    public virtual Task<IProcessStream> StartProcessAsync(ProcessStartRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<IProcessStream> ConnectProcessAsync(ProcessSelector process, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<IReadOnlyList<ProcessListItem>> ListProcessesAsync(CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task SendInputAsync(ProcessInputRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task SendSignalAsync(ProcessSignalRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task CloseStdinAsync(ProcessSelector process, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task ResizeAsync(ProcessResizeRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<IFileDownload> ReadFileAsync(FileReadRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<FileEntryInfo> WriteFileAsync(FileWriteRequest request, Stream content, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<FileEntryInfo> StatAsync(PathRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<FileEntryInfo> MakeDirectoryAsync(PathRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<FileEntryInfo> MoveAsync(MoveRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual IAsyncEnumerable<FileEntryInfo> ListDirectoryAsync(ListDirectoryRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task RemoveAsync(PathRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<FileEntryInfo> ComposeAsync(ComposeRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<IWatchStream> WatchAsync(WatchRequest request, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public virtual Task<Stream> DialAsync(int port, CancellationToken cancellationToken) => throw new NotSupportedException();
}
