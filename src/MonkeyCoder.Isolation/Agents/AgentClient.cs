using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>Speaks <see cref="AgentProtocol"/> to the agent of one sandbox, one connection per operation; safe to use from many threads.</summary>
/// <param name="connect">Opens a connection. What it throws of <see cref="SocketException"/> and <see cref="IOException"/> becomes <see cref="AgentUnreachableException"/>.</param>
/// <param name="options">Bounds; null: the defaults.</param>
/// <param name="forks">Forks kernels into the sandbox; null: the agent starts them all.</param>
public sealed class AgentClient(
    Func<CancellationToken, ValueTask<Stream>> connect, AgentClientOptions? options = null, IKernelForks? forks = null) : ISandboxAgent
{
    /// <summary>Input is sent in frames of this size, so that one of any length can be sent.</summary>
    private const int InputPieceBytes = 1024 * 1024;

    private readonly AgentClientOptions _options = options ?? new AgentClientOptions();
    private readonly AgentPace _pace = new(options ?? new AgentClientOptions());

    /// <summary>A client that connects to a unix socket by its path on this machine (at most 107 bytes).</summary>
    public static AgentClient ForUnixSocket(string path, AgentClientOptions? options = null, IKernelForks? forks = null)
    {
        var endpoint = new UnixDomainSocketEndPoint(path);
        return new AgentClient(async cancellationToken =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(endpoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }, options, forks);
    }

    public Task<AgentInfo> PingAsync(CancellationToken cancellationToken) =>
        AskAsync(FrameType.Ping, null, FrameType.Pong, AgentInfo.Read, cancellationToken);

    public Task ConfigureAsync(ConfigureRequest request, CancellationToken cancellationToken) =>
        TellAsync(FrameType.Configure, request, cancellationToken);

    public Task<IProcessStream> StartProcessAsync(ProcessStartRequest request, CancellationToken cancellationToken) =>
        OpenProcessAsync(FrameType.ProcessStart, request, cancellationToken);

    public Task<IProcessStream> ConnectProcessAsync(ProcessSelector process, CancellationToken cancellationToken) =>
        OpenProcessAsync(FrameType.ProcessConnect, process, cancellationToken);

    public Task<IReadOnlyList<ProcessListItem>> ListProcessesAsync(CancellationToken cancellationToken) => PromptlyAsync(
        async limited => (await AskAsync(FrameType.ProcessList, null, FrameType.ProcessListing, ProcessListingAnswer.Read, limited)).Processes,
        cancellationToken);

    public async Task SendInputAsync(ProcessInputRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var rest = request.Bytes;
        do
        {
            var piece = rest[..Math.Min(rest.Length, InputPieceBytes)];
            rest = rest[piece.Length..];
            await TellAsync(FrameType.ProcessInput, request with { Bytes = piece }, cancellationToken);
        }
        while (!rest.IsEmpty);
    }

    public Task SendSignalAsync(ProcessSignalRequest request, CancellationToken cancellationToken) => PromptlyAsync(
        async limited =>
        {
            await TellAsync(FrameType.ProcessSignal, request, limited);
            return true;
        },
        cancellationToken);

    public Task CloseStdinAsync(ProcessSelector process, CancellationToken cancellationToken) =>
        TellAsync(FrameType.ProcessCloseStdin, process, cancellationToken);

    public Task ResizeAsync(ProcessResizeRequest request, CancellationToken cancellationToken) =>
        TellAsync(FrameType.ProcessResize, request, cancellationToken);

    public Task<IFileDownload> ReadFileAsync(FileReadRequest request, CancellationToken cancellationToken) =>
        OpenStreamAsync<IFileDownload>(FrameType.FileRead, request, async connection =>
        {
            var payload = await connection.ExpectAsync(FrameType.FileOpened, cancellationToken);
            return new FileDownload(connection, AgentConnection.Parse(payload, FileOpenedAnswer.Read));
        }, cancellationToken);

    public async Task<FileEntryInfo> WriteFileAsync(FileWriteRequest request, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        await using var connection = await OpenAsync(FrameType.FileWrite, request, cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(AgentProtocol.HeaderBytes + AgentProtocol.MaxChunkBytes);
        try
        {
            while (true)
            {
                var count = await content.ReadAtLeastAsync(
                    buffer.AsMemory(AgentProtocol.HeaderBytes, AgentProtocol.MaxChunkBytes), 1, throwOnEndOfStream: false, cancellationToken);
                new FrameHeader(count == 0 ? FrameType.End : FrameType.Data, count).Write(buffer);
                await connection.SendBytesAsync(buffer.AsMemory(0, AgentProtocol.HeaderBytes + count), cancellationToken);
                if (count == 0) break;
            }
        }
        catch (AgentUnreachableException)
        {
            // An agent that refuses (disk full) says so and hangs up: its word is in the socket, and better than ours.
            await connection.ReadFrameAsync(cancellationToken);
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return AgentConnection.Parse(await connection.ExpectAsync(FrameType.FileEntry, cancellationToken), FileEntryInfo.Read);
    }

    public Task<FileEntryInfo> StatAsync(PathRequest request, CancellationToken cancellationToken) =>
        AskAsync(FrameType.FileStat, request, FrameType.FileEntry, FileEntryInfo.Read, cancellationToken);

    public Task<FileEntryInfo> MakeDirectoryAsync(PathRequest request, CancellationToken cancellationToken) =>
        AskAsync(FrameType.MakeDirectory, request, FrameType.FileEntry, FileEntryInfo.Read, cancellationToken);

    public Task<FileEntryInfo> MoveAsync(MoveRequest request, CancellationToken cancellationToken) =>
        AskAsync(FrameType.FileMove, request, FrameType.FileEntry, FileEntryInfo.Read, cancellationToken);

    public async IAsyncEnumerable<FileEntryInfo> ListDirectoryAsync(
        ListDirectoryRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(FrameType.ListDirectory, request, cancellationToken);
        while (true)
        {
            var (type, payload) = await connection.ReadFrameAsync(cancellationToken);
            if (type == FrameType.End) yield break;
            if (type != FrameType.FileEntry) throw AgentConnection.Unexpected(type);
            yield return AgentConnection.Parse(payload, FileEntryInfo.Read);
        }
    }

    public Task RemoveAsync(PathRequest request, CancellationToken cancellationToken) =>
        TellAsync(FrameType.FileRemove, request, cancellationToken);

    public Task<FileEntryInfo> ComposeAsync(ComposeRequest request, CancellationToken cancellationToken) =>
        AskAsync(FrameType.FileCompose, request, FrameType.FileEntry, FileEntryInfo.Read, cancellationToken);

    public Task<IWatchStream> WatchAsync(WatchRequest request, CancellationToken cancellationToken) =>
        OpenStreamAsync<IWatchStream>(FrameType.Watch, request, async connection =>
        {
            await connection.ExpectAsync(FrameType.Ok, cancellationToken);
            return new WatchStream(connection);
        }, cancellationToken);

    /// <inheritdoc/>
    /// <remarks>With <see cref="ForUnixSocket"/> the result is a <see cref="NetworkStream"/>, whose socket can end one
    /// direction alone: <c>Socket.Shutdown(SocketShutdown.Send)</c>.</remarks>
    public Task<Stream> DialAsync(int port, CancellationToken cancellationToken) =>
        OpenStreamAsync(FrameType.Dial, new DialRequest(port), async connection =>
        {
            var (type, _) = await connection.ReadFrameExactlyAsync(cancellationToken);
            return type == FrameType.Ok ? connection.Detach() : throw AgentConnection.Unexpected(type);
        }, cancellationToken);

    public async Task OpenKernelAsync(KernelOpenRequest request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (forks is null || !forks.Offers(request.Language) || !await TryForkKernelAsync(forks, request, cancellationToken))
            await TellAsync(FrameType.KernelOpen, request, cancellationToken);
    }

    public Task<ICellStream> ExecuteAsync(KernelExecuteRequest request, CancellationToken cancellationToken) =>
        OpenStreamAsync(FrameType.KernelExecute, request,
            connection => ValueTask.FromResult<ICellStream>(new CellStream(connection, _options.MaxCellMessageBytes)), cancellationToken);

    public Task InterruptKernelAsync(string contextId, CancellationToken cancellationToken) =>
        TellAsync(FrameType.KernelInterrupt, new KernelRequest(contextId), cancellationToken);

    public Task CloseKernelAsync(string contextId, CancellationToken cancellationToken) =>
        TellAsync(FrameType.KernelClose, new KernelRequest(contextId), cancellationToken);

    /// <summary>False where the kernel has to be started.</summary>
    private async Task<bool> TryForkKernelAsync(IKernelForks source, KernelOpenRequest request, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(FrameType.KernelFork, request, cancellationToken);
        var (type, payload) = await connection.ReadFrameAsync(cancellationToken);
        if (type == FrameType.Ok) return true;
        if (type != FrameType.KernelPlan) throw AgentConnection.Unexpected(type);
        using var forked = await source.TryForkAsync(AgentConnection.Parse(payload, KernelPlanMessage.Read), cancellationToken);
        if (forked is null) return false;
        try
        {
            connection.SendDescriptors(FrameType.KernelForked, new ForkedKernelMessage(forked.Pid), [forked.Driver, forked.Stdout, forked.Stderr]);
            await connection.ExpectAsync(FrameType.Ok, cancellationToken);
            return true;
        }
        catch (AgentException)
        {
            // It has died on the way, or another one of that context came first: the agent knows what to do about either.
            return false;
        }
    }

    private Task<IProcessStream> OpenProcessAsync(FrameType type, IAgentMessage request, CancellationToken cancellationToken) => PromptlyAsync(
        limited => OpenStreamAsync<IProcessStream>(type, request, async connection =>
        {
            var payload = await connection.ExpectAsync(FrameType.ProcessStarted, limited);
            return new ProcessStream(connection, AgentConnection.Parse(payload, ProcessStartedEvent.Read).Pid);
        }, limited),
        cancellationToken);

    /// <summary>Waits so long as the options say; what the caller gives up on ends as its own cancellation.</summary>
    private async Task<T> PromptlyAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(_options.AnswerTimeout, _options.Time);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await ask(limited.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AgentUnreachableException($"The agent has not answered within {_options.AnswerTimeout.TotalSeconds:0} s.", e);
        }
    }

    /// <summary>Opens a connection that the result of <paramref name="make"/> takes over; where that fails, it is closed.</summary>
    private async Task<T> OpenStreamAsync<T>(
        FrameType type, IAgentMessage request, Func<AgentConnection, ValueTask<T>> make, CancellationToken cancellationToken)
    {
        AgentConnection? connection = null;
        try
        {
#pragma warning disable CA2000 // It goes to the result, or is disposed below; the rule does not follow an asynchronous disposal.
            connection = await OpenAsync(type, request, cancellationToken);
#pragma warning restore CA2000
            var result = await make(connection);
            connection = null;
            return result;
        }
        finally
        {
            if (connection is not null) await connection.DisposeAsync();
        }
    }

    private async Task TellAsync(FrameType type, IAgentMessage? request, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(type, request, cancellationToken);
        await connection.ExpectAsync(FrameType.Ok, cancellationToken);
    }

    private async Task<T> AskAsync<T>(
        FrameType type, IAgentMessage? request, FrameType answer, MessageReader<T> read, CancellationToken cancellationToken)
    {
        await using var connection = await OpenAsync(type, request, cancellationToken);
        return AgentConnection.Parse(await connection.ExpectAsync(answer, cancellationToken), read);
    }

    private async Task<AgentConnection> OpenAsync(FrameType type, IAgentMessage? request, CancellationToken cancellationToken)
    {
        Stream stream;
        try
        {
            stream = await connect(cancellationToken);
        }
        catch (Exception e) when (e is SocketException or IOException and not AgentUnreachableException)
        {
            throw new AgentUnreachableException("Nothing answers where the sandbox's agent should be.", e);
        }

        var connection = new AgentConnection(stream, _pace, _options.Time);
        try
        {
            await connection.SendAsync(type, request, cancellationToken);
            return connection;
        }
        catch (AgentUnreachableException)
        {
            // An agent that is full says so before it reads the request.
            try
            {
                await connection.ReadFrameAsync(cancellationToken);
            }
            finally
            {
                await connection.DisposeAsync();
            }

            throw;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }
}
