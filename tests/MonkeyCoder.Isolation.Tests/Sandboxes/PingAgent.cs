using System.Buffers.Binary;
using System.Net.Sockets;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>Talks to the stand-in agent of <see cref="EngineFixture"/>, which knows nothing but ping.</summary>
internal sealed class PingAgent(string socketPath) : ISandboxAgent
{
    public string SocketPath { get; } = socketPath;

    public async Task<AgentInfo> PingAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellationToken);
            await using var stream = new NetworkStream(socket);
            await stream.WriteAsync(new byte[] { (byte)FrameType.Ping, 0, 0, 0, 0 }, cancellationToken);
            var header = new byte[AgentProtocol.HeaderBytes];
            await stream.ReadExactlyAsync(header, cancellationToken);
            var payload = new byte[BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(1))];
            await stream.ReadExactlyAsync(payload, cancellationToken);
            var reader = new WireReader(payload);
            return AgentInfo.Read(ref reader);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new AgentUnreachableException("No answer to a ping.", e);
        }
    }

    public Task ConfigureAsync(ConfigureRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IProcessStream> StartProcessAsync(ProcessStartRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IProcessStream> ConnectProcessAsync(ProcessSelector process, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IReadOnlyList<ProcessListItem>> ListProcessesAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task SendInputAsync(ProcessInputRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task SendSignalAsync(ProcessSignalRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task CloseStdinAsync(ProcessSelector process, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task ResizeAsync(ProcessResizeRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IFileDownload> ReadFileAsync(FileReadRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<FileEntryInfo> WriteFileAsync(FileWriteRequest request, Stream content, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<FileEntryInfo> StatAsync(PathRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<FileEntryInfo> MakeDirectoryAsync(PathRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<FileEntryInfo> MoveAsync(MoveRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public IAsyncEnumerable<FileEntryInfo> ListDirectoryAsync(ListDirectoryRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task RemoveAsync(PathRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<FileEntryInfo> ComposeAsync(ComposeRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<IWatchStream> WatchAsync(WatchRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<Stream> DialAsync(int port, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task OpenKernelAsync(KernelOpenRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task<ICellStream> ExecuteAsync(KernelExecuteRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task InterruptKernelAsync(string contextId, CancellationToken cancellationToken) => throw new NotSupportedException();
    public Task CloseKernelAsync(string contextId, CancellationToken cancellationToken) => throw new NotSupportedException();
}
