using System.Net.Sockets;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Agents;

/// <summary>The client against agents that have fallen into wrong hands.</summary>
public sealed class AgentClientTests
{
    private static readonly Dictionary<string, string> None = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<byte[]> BadAnswers => new()
    {
        Array.Empty<byte>(),
        new byte[] { 102 },
        new byte[] { 102, 4, 0, 0, 0, 1 },
        new byte[] { 102, 0, 0, 0, 0 },
        new byte[] { 102, 255, 255, 255, 255 },
        new byte[] { 102, 1, 0, 64, 0 },
        new byte[] { 103, 1, 0, 1, 0 },
        new byte[] { 100, 0, 0, 0, 0 },
        new byte[] { 200, 0, 0, 0, 0 },
        new byte[] { 102, 9, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 127, 0 },
        new byte[] { 102, 9, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7 },
        new byte[] { 102, 9, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0xFF },
        new byte[] { 101, 2, 0, 0, 0, 1, 0 },
    };

    [Theory]
    [MemberData(nameof(BadAnswers))]
    public async Task Ping_AnswerIsNotTheProtocol_IsUnreachable(byte[] answer)
    {
        await Assert.ThrowsAsync<AgentUnreachableException>(() => Client(answer).PingAsync(Token));
    }

    [Fact]
    public async Task Ping_UnknownErrorCode_IsUnknown()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => Client(Frames((FrameType.Error, new AgentError((AgentErrorCode)77, "x")))).PingAsync(Token));
        Assert.Equal((AgentErrorCode.Unknown, "x"), (e.Code, e.Message));
    }

    [Fact]
    public async Task Ping_NothingListens_IsUnreachable() =>
        await Assert.ThrowsAsync<AgentUnreachableException>(() => AgentClient.ForUnixSocket("/tmp/no-agent-here").PingAsync(Token));

    [Fact]
    public async Task Execute_PiecesOfTwoMessagesMixed_IsUnreachable()
    {
        var client = Client(Frames(
            (FrameType.KernelMessage, new KernelMessageEvent("result", true, new byte[1])),
            (FrameType.KernelMessage, new KernelMessageEvent("error", false, new byte[1]))));
        await using var cell = await client.ExecuteAsync(new KernelExecuteRequest("c", "1", None), Token);
        await Assert.ThrowsAsync<AgentUnreachableException>(() => DrainAsync(cell));
    }

    [Fact]
    public async Task Execute_EndlessMessage_IsCountedAndNotKept()
    {
        var piece = new KernelMessageEvent("result", true, new byte[60_000]);
        var client = Client(Frames([.. Enumerable.Repeat((FrameType.KernelMessage, (IAgentMessage?)piece), 100),
            (FrameType.KernelMessage, piece with { More = false }), (FrameType.KernelIdle, new KernelIdleEvent(false))]), maxMessageBytes: 200_000);
        await using var cell = await client.ExecuteAsync(new KernelExecuteRequest("c", "1", None), Token);
        Assert.Equal([new CellMessageDropped("result", 101 * 60_000), new CellIdle(false)], await DrainAsync(cell));
    }

    [Fact]
    public async Task Execute_StreamThatEndsEarly_IsUnreachable()
    {
        await using var cell = await Client(Frames((FrameType.KernelMessage, new KernelMessageEvent("count", false, new byte[2]))))
            .ExecuteAsync(new KernelExecuteRequest("c", "1", None), Token);
        await Assert.ThrowsAsync<AgentUnreachableException>(() => DrainAsync(cell));
    }

    [Fact]
    public async Task StartProcess_FileDataInItsOutput_IsUnreachable()
    {
        var client = Client([.. Frames((FrameType.ProcessStarted, new ProcessStartedEvent(5))), 103, 1, 0, 0, 0, 9]);
        await using var stream = await client.StartProcessAsync(new ProcessStartRequest("x", [], None, null, null, null, false, null), Token);
        await Assert.ThrowsAsync<AgentUnreachableException>(async () =>
        {
            await foreach (var _ in stream.ReadAllAsync(Token))
            {
            }
        });
    }

    [Fact]
    public async Task Dial_BytesRightAfterTheAnswer_AreTheConnections()
    {
        await using var stream = await Client([.. Frames((FrameType.Ok, null)), 1, 2, 3]).DialAsync(80, Token);
        var buffer = new byte[3];
        await stream.ReadExactlyAsync(buffer, Token);
        Assert.Equal([1, 2, 3], buffer);
    }

    [Fact]
    public async Task Execute_Cancelled_ClosesTheConnection()
    {
        var directory = Directory.CreateTempSubdirectory("monkey-client-");
        try
        {
            var path = Path.Combine(directory.FullName, "s");
            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen(1);
            using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(Token);
            var ping = AgentClient.ForUnixSocket(path).PingAsync(cancelled.Token);
            using var accepted = await listener.AcceptAsync(Token);
            var buffer = new byte[64];
            Assert.Equal(AgentProtocol.HeaderBytes, await accepted.ReceiveAsync(buffer, Token));
            await cancelled.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => ping);
            Assert.Equal(0, await accepted.ReceiveAsync(buffer, Token));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    /// <summary>The socket of a frozen agent takes connections and requests.</summary>
    [Fact]
    public async Task StartProcess_AgentThatSaysNothing_IsUnreachableAfterTheTimeout()
    {
        var time = new ManualTimeProvider();
        var options = new AgentClientOptions { Time = time, AnswerTimeout = TimeSpan.FromSeconds(7) };
        var client = new AgentClient(static _ => ValueTask.FromResult<Stream>(new Silence()), options);
        var start = client.StartProcessAsync(new ProcessStartRequest("/bin/true", [], None, null, null, null, false, null), Token);
        await time.ArmedAsync(options.AnswerTimeout, Token);
        Assert.False(start.IsCompleted);

        time.Advance(options.AnswerTimeout);

        await Assert.ThrowsAsync<AgentUnreachableException>(() => start);
    }

    private static async Task<List<CellOutput>> DrainAsync(ICellStream cell)
    {
        List<CellOutput> outputs = [];
        await foreach (var output in cell.ReadAllAsync(Token)) outputs.Add(output);
        return outputs;
    }

    private static AgentClient Client(byte[] answer, int maxMessageBytes = 1000) => new(
        _ => ValueTask.FromResult<Stream>(new Script(answer)), new AgentClientOptions { MaxCellMessageBytes = maxMessageBytes });

    private static byte[] Frames(params ReadOnlySpan<(FrameType Type, IAgentMessage? Message)> frames)
    {
        var writer = new WireWriter();
        foreach (var (type, message) in frames) writer.WriteFrame(type, message);
        return writer.Written.ToArray();
    }

    /// <summary>Takes everything, and answers with the same bytes whatever it was.</summary>
    private sealed class Script(byte[] answer) : MemoryStream(answer, writable: false)
    {
        public override bool CanWrite => true;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;
    }

    /// <summary>Takes everything, and answers nothing.</summary>
    private sealed class Silence : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }
}
