using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Testing.Sandboxes;

/// <summary>An agent with files in memory, processes and watches that a test plays, and the ports of this machine.</summary>
public class MemoryAgent : FakeAgent
{
    private const string Home = "/home/user/";

    private readonly Channel<FakeProcess> _started = Channel.CreateUnbounded<FakeProcess>();
    private readonly ConcurrentDictionary<int, FakeProcess> _processes = new();
    private int _lastPid = 100;

    /// <summary>Content by absolute path.</summary>
    public ConcurrentDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Metadata by absolute path.</summary>
    public ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> Metadata { get; } = new(StringComparer.Ordinal);

    /// <summary>Plays every process at once; null: the test takes processes with <see cref="NextProcessAsync"/>.</summary>
    public Action<FakeProcess>? ProcessScript { get; set; }

    /// <summary>Thrown by the next operation on a file or process.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Answers sizes of -1, as procfs does.</summary>
    public bool HidesSizes { get; set; }

    /// <summary>Every watch gets its events from here.</summary>
    public Channel<WatchEventInfo> Changes { get; } = Channel.CreateUnbounded<WatchEventInfo>();

    /// <summary>User of the last request that named one.</summary>
    public string? LastUser { get; private set; }

    public async Task<FakeProcess> NextProcessAsync(CancellationToken cancellationToken) =>
        await _started.Reader.ReadAsync(cancellationToken).AsTask().WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);

    public override Task<IProcessStream> StartProcessAsync(ProcessStartRequest request, CancellationToken cancellationToken)
    {
        Check(request.User);
        var process = new FakeProcess(Interlocked.Increment(ref _lastPid), request);
        _processes[process.Pid] = process;
        if (ProcessScript is not null) ProcessScript(process);
        else _started.Writer.TryWrite(process);
        return Task.FromResult<IProcessStream>(process);
    }

    public override Task<IProcessStream> ConnectProcessAsync(ProcessSelector process, CancellationToken cancellationToken) =>
        Task.FromResult<IProcessStream>(Find(process));

    public override Task<IReadOnlyList<ProcessListItem>> ListProcessesAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ProcessListItem>>([.. _processes.Values.Select(process => new ProcessListItem(
            process.Pid, process.Request.Tag, process.Request.Command, process.Request.Arguments,
            process.Request.Environment, process.Request.WorkingDirectory))]);

    public override Task SendInputAsync(ProcessInputRequest request, CancellationToken cancellationToken)
    {
        Find(request.Process).Inputs.Writer.TryWrite(request.Bytes.ToArray());
        return Task.CompletedTask;
    }

    public override Task SendSignalAsync(ProcessSignalRequest request, CancellationToken cancellationToken)
    {
        Find(request.Process).Signals.Writer.TryWrite(request.Signal);
        return Task.CompletedTask;
    }

    public override Task CloseStdinAsync(ProcessSelector process, CancellationToken cancellationToken)
    {
        Find(process).Inputs.Writer.TryComplete();
        return Task.CompletedTask;
    }

    public override Task ResizeAsync(ProcessResizeRequest request, CancellationToken cancellationToken)
    {
        Find(request.Process);
        return Task.CompletedTask;
    }

    public override Task<IFileDownload> ReadFileAsync(FileReadRequest request, CancellationToken cancellationToken)
    {
        Check(request.Path.User);
        var path = Resolve(request.Path.Path);
        if (!Files.TryGetValue(path, out var bytes)) throw new AgentException(AgentErrorCode.NotFound, "not there");
        var from = (int)Math.Min(request.Offset, bytes.Length);
        var length = request.Length < 0 ? bytes.Length - from : (int)Math.Min(request.Length, bytes.Length - from);
        return Task.FromResult<IFileDownload>(
            new MemoryDownload(Entry(path, bytes), HidesSizes ? -1 : bytes.Length, bytes.AsMemory(from, length)));
    }

    public override async Task<FileEntryInfo> WriteFileAsync(
        FileWriteRequest request, Stream content, CancellationToken cancellationToken)
    {
        Check(request.Path.User);
        var path = Resolve(request.Path.Path);
        using var memory = new MemoryStream();
        await content.CopyToAsync(memory, cancellationToken);
        Files[path] = memory.ToArray();
        Metadata[path] = request.Metadata;
        return Entry(path, Files[path]);
    }

    public override Task<FileEntryInfo> StatAsync(PathRequest request, CancellationToken cancellationToken)
    {
        Check(request.User);
        var path = Resolve(request.Path);
        return Files.TryGetValue(path, out var bytes)
            ? Task.FromResult(Entry(path, bytes))
            : throw new AgentException(AgentErrorCode.NotFound, $"file not found: {request.Path}");
    }

    public override Task<FileEntryInfo> MakeDirectoryAsync(PathRequest request, CancellationToken cancellationToken)
    {
        Check(request.User);
        return Task.FromResult(Entry(Resolve(request.Path), []) with { Type = FileEntryType.Directory });
    }

    public override Task<FileEntryInfo> MoveAsync(MoveRequest request, CancellationToken cancellationToken)
    {
        Check(request.User);
        if (!Files.TryRemove(Resolve(request.Source), out var bytes)) throw new AgentException(AgentErrorCode.NotFound, "not there");
        Files[Resolve(request.Destination)] = bytes;
        return Task.FromResult(Entry(Resolve(request.Destination), bytes));
    }

    public override async IAsyncEnumerable<FileEntryInfo> ListDirectoryAsync(
        ListDirectoryRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Check(request.Path.User);
        await Task.Yield();
        foreach (var (path, bytes) in Files.OrderBy(pair => pair.Key, StringComparer.Ordinal)) yield return Entry(path, bytes);
    }

    public override Task RemoveAsync(PathRequest request, CancellationToken cancellationToken)
    {
        Check(request.User);
        Files.TryRemove(Resolve(request.Path), out _);
        return Task.CompletedTask;
    }

    public override Task<FileEntryInfo> ComposeAsync(ComposeRequest request, CancellationToken cancellationToken)
    {
        Check(request.User);
        var whole = request.Sources
            .SelectMany(source => Files.GetValueOrDefault(Resolve(source)) ?? throw new AgentException(AgentErrorCode.NotFound, "not there"))
            .ToArray();
        Files[Resolve(request.Destination)] = whole;
        return Task.FromResult(Entry(Resolve(request.Destination), whole));
    }

    public override Task<IWatchStream> WatchAsync(WatchRequest request, CancellationToken cancellationToken)
    {
        Check(request.Path.User);
        return Task.FromResult<IWatchStream>(new MemoryWatch(Changes.Reader));
    }

    public override async Task<Stream> DialAsync(int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync("127.0.0.1", port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw new AgentException(AgentErrorCode.Unavailable, "connection refused");
        }
    }

    private static string Resolve(string path) => path.StartsWith('/') ? path : Home + path;

    private void Check(string? user)
    {
        LastUser = user ?? LastUser;
        if (user is not (null or "user" or "root")) throw new AgentException(AgentErrorCode.Unauthenticated, $"invalid username: '{user}'");
        if (Failure is not { } failure) return;
        Failure = null;
        throw failure;
    }

    private FakeProcess Find(ProcessSelector selector) =>
        _processes.Values.FirstOrDefault(process => selector.Pid != 0 ? process.Pid == selector.Pid : process.Request.Tag == selector.Tag)
        ?? throw new AgentException(AgentErrorCode.NotFound, $"process with pid {selector.Pid} not found");

    private FileEntryInfo Entry(string path, byte[] bytes) => new(
        Path.GetFileName(path), path, FileEntryType.File, bytes.Length, 0x1A4, "-rw-r--r--", "user", "user",
        1_767_225_600_000_000_000, null, Metadata.GetValueOrDefault(path) ?? new Dictionary<string, string>());

    private sealed class MemoryDownload(FileEntryInfo entry, long size, ReadOnlyMemory<byte> bytes) : IFileDownload
    {
        public FileEntryInfo Entry => entry;

        public long SizeBytes => size;

        public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken) =>
            await destination.WriteAsync(bytes, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class MemoryWatch(ChannelReader<WatchEventInfo> changes) : IWatchStream
    {
        public async IAsyncEnumerable<WatchEventInfo> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await foreach (var change in changes.ReadAllAsync(cancellationToken)) yield return change;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
