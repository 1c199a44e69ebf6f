using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>
/// Typed access to the agent of one sandbox; one connection of <see cref="AgentProtocol"/> per call.
/// </summary>
/// <exception cref="AgentException">The agent answered with an error; its code and message come from inside, so treat
/// the message as untrusted text.</exception>
/// <exception cref="AgentUnreachableException">The sandbox is gone, or what it sent is not the protocol.</exception>
public interface ISandboxAgent
{
    Task<AgentInfo> PingAsync(CancellationToken cancellationToken);

    Task ConfigureAsync(ConfigureRequest request, CancellationToken cancellationToken);

    /// <summary>Returns once the process runs; its output is read from the result.</summary>
    Task<IProcessStream> StartProcessAsync(ProcessStartRequest request, CancellationToken cancellationToken);

    Task<IProcessStream> ConnectProcessAsync(ProcessSelector process, CancellationToken cancellationToken);

    Task<IReadOnlyList<ProcessListItem>> ListProcessesAsync(CancellationToken cancellationToken);

    Task SendInputAsync(ProcessInputRequest request, CancellationToken cancellationToken);

    Task SendSignalAsync(ProcessSignalRequest request, CancellationToken cancellationToken);

    Task CloseStdinAsync(ProcessSelector process, CancellationToken cancellationToken);

    Task ResizeAsync(ProcessResizeRequest request, CancellationToken cancellationToken);

    Task<IFileDownload> ReadFileAsync(FileReadRequest request, CancellationToken cancellationToken);

    /// <summary>Streams <paramref name="content"/> into the file, never holding more than one chunk.</summary>
    Task<FileEntryInfo> WriteFileAsync(FileWriteRequest request, Stream content, CancellationToken cancellationToken);

    Task<FileEntryInfo> StatAsync(PathRequest request, CancellationToken cancellationToken);

    Task<FileEntryInfo> MakeDirectoryAsync(PathRequest request, CancellationToken cancellationToken);

    Task<FileEntryInfo> MoveAsync(MoveRequest request, CancellationToken cancellationToken);

    IAsyncEnumerable<FileEntryInfo> ListDirectoryAsync(ListDirectoryRequest request, CancellationToken cancellationToken);

    Task RemoveAsync(PathRequest request, CancellationToken cancellationToken);

    Task<FileEntryInfo> ComposeAsync(ComposeRequest request, CancellationToken cancellationToken);

    /// <summary>Returns once the watch is in place; disposing the result ends it.</summary>
    Task<IWatchStream> WatchAsync(WatchRequest request, CancellationToken cancellationToken);

    /// <summary>TCP to a loopback port inside; the stream is the connection.</summary>
    Task<Stream> DialAsync(int port, CancellationToken cancellationToken);

    /// <summary>Returns when the kernel is ready for its first cell.</summary>
    Task OpenKernelAsync(KernelOpenRequest request, CancellationToken cancellationToken);

    /// <summary>Starts a cell. Disposing the result before its end interrupts the cell.</summary>
    Task<ICellStream> ExecuteAsync(KernelExecuteRequest request, CancellationToken cancellationToken);

    Task InterruptKernelAsync(string contextId, CancellationToken cancellationToken);

    Task CloseKernelAsync(string contextId, CancellationToken cancellationToken);
}

/// <summary>Output of a process. Not reading it slows the process down once the socket's buffers are full.</summary>
public interface IProcessStream : IAsyncDisposable
{
    /// <summary>Pid as seen inside the sandbox.</summary>
    int Pid { get; }

    /// <summary>Data, then one <see cref="ProcessExit"/> as the last. Bytes are valid until the next step.</summary>
    IAsyncEnumerable<ProcessOutput> ReadAllAsync(CancellationToken cancellationToken);
}

/// <summary>Which stream a chunk belongs to.</summary>
public enum OutputChannel
{
    Stdout,
    Stderr,
    Pty,
}

/// <summary>One thing a process stream yields.</summary>
public abstract record ProcessOutput;

/// <summary>Bytes, at most <see cref="AgentProtocol.MaxChunkBytes"/>, valid until the next step of the enumeration.</summary>
public sealed record ProcessChunk(OutputChannel Channel, ReadOnlyMemory<byte> Bytes) : ProcessOutput;

/// <summary>The end. ExitCode is -1 and Signal set where a signal ended the process.</summary>
public sealed record ProcessExit(int ExitCode, int Signal) : ProcessOutput;

/// <summary>A file being read.</summary>
public interface IFileDownload : IAsyncDisposable
{
    /// <summary>The file.</summary>
    FileEntryInfo Entry { get; }

    /// <summary>Bytes in the file at open, or -1 where it does not say (procfs, pipes).</summary>
    long SizeBytes { get; }

    /// <summary>Copies the content, chunk by chunk.</summary>
    Task CopyToAsync(Stream destination, CancellationToken cancellationToken);
}

/// <summary>Changes below a directory.</summary>
public interface IWatchStream : IAsyncDisposable
{
    IAsyncEnumerable<WatchEventInfo> ReadAllAsync(CancellationToken cancellationToken);
}

/// <summary>Output of one cell.</summary>
public interface ICellStream : IAsyncDisposable
{
    /// <summary>Chunks and messages in order; the last is a <see cref="CellIdle"/> or a <see cref="CellKernelDied"/>.</summary>
    IAsyncEnumerable<CellOutput> ReadAllAsync(CancellationToken cancellationToken);
}

/// <summary>One thing a cell stream yields.</summary>
public abstract record CellOutput;

/// <summary>Raw bytes of the cell's stdout or stderr, valid until the next step of the enumeration.</summary>
public sealed record CellChunk(OutputChannel Channel, ReadOnlyMemory<byte> Bytes) : CellOutput;

/// <summary>A whole message of the kernel driver (pieces joined, bounded): kind and UTF-8 JSON body.</summary>
public sealed record CellMessage(string Kind, ReadOnlyMemory<byte> Body) : CellOutput;

/// <summary>A message whose body went over the bound and was dropped.</summary>
public sealed record CellMessageDropped(string Kind, long Bytes) : CellOutput;

/// <summary>The cell is over.</summary>
public sealed record CellIdle(bool Interrupted) : CellOutput;

/// <summary>The kernel died under the cell.</summary>
public sealed record CellKernelDied(int ExitCode, int Signal) : CellOutput;

/// <summary>The agent refused or failed.</summary>
public sealed class AgentException(AgentErrorCode code, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public AgentErrorCode Code { get; } = code;
}

/// <summary>No answer to be had from the agent: the sandbox is gone, or it broke the protocol.</summary>
public sealed class AgentUnreachableException(string message, Exception? inner = null) : IOException(message, inner);
