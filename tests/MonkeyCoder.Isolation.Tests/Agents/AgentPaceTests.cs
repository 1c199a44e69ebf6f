using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Agents;

/// <summary>What agents in wrong hands can make the node do, in reads and frames. The clock stands still, so what is counted is the burst.</summary>
public sealed class AgentPaceTests
{
    private static readonly Dictionary<string, string> None = [];

    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Execute_FramesOfOneByteEachInAReadOfItsOwn_AreReadOnlySoOften()
    {
        var agent = new Dripping(Frame(FrameType.Stdout, 1), framesPerRead: 1);
        await using var cell = await Client(agent).ExecuteAsync(new KernelExecuteRequest("c", "1", None), Token);
        await using var outputs = Reading.Of(cell.ReadAllAsync);

        await outputs.UntilItWaitsAsync();

        // 100 ms of estimated CPU at 55 µs each.
        Assert.InRange(agent.Reads, 1500, 2000);
    }

    [Fact]
    public async Task Execute_ReadsFullOfFramesOfOneByte_AreReadOnlySoOften()
    {
        var agent = new Dripping(Frame(FrameType.Stdout, 1), framesPerRead: int.MaxValue);
        await using var cell = await Client(agent).ExecuteAsync(new KernelExecuteRequest("c", "1", None), Token);
        await using var outputs = Reading.Of(cell.ReadAllAsync);

        var frames = await outputs.UntilItWaitsAsync();

        Assert.InRange(frames, 20_000, 22_000);
    }

    [Fact]
    public async Task StartProcess_OutputWithoutEnd_IsReadOnlySoFar()
    {
        var agent = new Dripping(Frame(FrameType.Stdout, AgentProtocol.MaxChunkBytes), framesPerRead: int.MaxValue);
        var client = Client(new Prefixed(Frame(FrameType.ProcessStarted, new ProcessStartedEvent(5)), agent));
        await using var process = await client.StartProcessAsync(new ProcessStartRequest("/bin/yes", [], None, null, null, null, false, null), Token);
        await using var outputs = Reading.Of(process.ReadAllAsync);

        var frames = await outputs.UntilItWaitsAsync();

        Assert.InRange(frames, 500, 1000);
    }

    [Fact]
    public async Task Execute_AfterTheWait_GoesOnWithNothingLost()
    {
        var agent = new Dripping(Frame(FrameType.Stdout, 1), framesPerRead: 1);
        await using var cell = await Client(agent).ExecuteAsync(new KernelExecuteRequest("c", "1", None), Token);
        await using var outputs = Reading.Of(cell.ReadAllAsync);
        await outputs.UntilItWaitsAsync();

        _time.Advance(TimeSpan.FromSeconds(1));
        var frames = await outputs.UntilItWaitsAsync();

        Assert.Equal(agent.Reads, frames);
        Assert.InRange(agent.Reads, 2000, 2000 + 5000);
    }

    [Fact]
    public async Task Ping_BesideAStreamThatHasToWait_IsAnsweredAtOnce()
    {
        Stream[] answers = [new Dripping(Frame(FrameType.Stdout, 1), framesPerRead: 1), new Dripping(Frame(FrameType.Pong, new AgentInfo(1, "x")), framesPerRead: 1)];
        var connections = 0;
        var client = new AgentClient(_ => ValueTask.FromResult(answers[connections++]), new AgentClientOptions { Time = _time });
        await using var cell = await client.ExecuteAsync(new KernelExecuteRequest("c", "1", None), Token);
        await using var outputs = Reading.Of(cell.ReadAllAsync);
        await outputs.UntilItWaitsAsync();

        Assert.Equal(new AgentInfo(1, "x"), await client.PingAsync(Token));
    }

    [Fact]
    public async Task ReadFile_LargeFrames_AreReadAsFastAsTheyAreTaken()
    {
        const int Frames = 4000;
        var opened = new FileOpenedAnswer(
            new FileEntryInfo("f", "/f", FileEntryType.File, 1, 0x1A4, "-rw-r--r--", "u", "g", 0, null, None), -1);
        var content = new Dripping(Frame(FrameType.Data, AgentProtocol.MaxChunkBytes), framesPerRead: int.MaxValue, Frames, Frame(FrameType.End, 0));
        await using var file = await Client(new Prefixed(Frame(FrameType.FileOpened, opened), content))
            .ReadFileAsync(new FileReadRequest(new PathRequest("/f", null), 0, -1), Token);
        using var sink = new Sink();

        await file.CopyToAsync(sink, Token);

        Assert.Equal((long)Frames * AgentProtocol.MaxChunkBytes, sink.Bytes);
    }

    [Fact]
    public async Task ReadFile_FramesOfOneByte_AreWrittenTogether()
    {
        const int Frames = 15_000;
        var opened = new FileOpenedAnswer(
            new FileEntryInfo("f", "/f", FileEntryType.File, 1, 0x1A4, "-rw-r--r--", "u", "g", 0, null, None), -1);
        var content = new Dripping(Frame(FrameType.Data, 1), framesPerRead: int.MaxValue, Frames, Frame(FrameType.End, 0));
        await using var file = await Client(new Prefixed(Frame(FrameType.FileOpened, opened), content))
            .ReadFileAsync(new FileReadRequest(new PathRequest("/f", null), 0, -1), Token);
        using var sink = new Sink();

        await file.CopyToAsync(sink, Token);

        Assert.Equal(Frames, sink.Bytes);
        Assert.InRange(sink.Writes, 1, 5);
    }

    private AgentClient Client(Stream agent) => new(_ => ValueTask.FromResult(agent), new AgentClientOptions { Time = _time });

    private static byte[] Frame(FrameType type, int payloadBytes)
    {
        var frame = new byte[AgentProtocol.HeaderBytes + payloadBytes];
        new FrameHeader(type, payloadBytes).Write(frame);
        return frame;
    }

    private static byte[] Frame(FrameType type, IAgentMessage message)
    {
        var writer = new WireWriter();
        writer.WriteFrame(type, message);
        return writer.Written.ToArray();
    }

    /// <summary>Reads a stream, of which nothing is asynchronous but the wait.</summary>
    private static class Reading
    {
        public static Reading<T> Of<T>(Func<CancellationToken, IAsyncEnumerable<T>> read) => new(read);
    }

    private sealed class Reading<T> : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly IAsyncEnumerator<T> _outputs;
        private Task<bool>? _waiting;
        private int _count;

        public Reading(Func<CancellationToken, IAsyncEnumerable<T>> read) => _outputs = read(_stop.Token).GetAsyncEnumerator(_stop.Token);

        /// <summary>How many there were until now.</summary>
        public async Task<int> UntilItWaitsAsync()
        {
            if (_waiting is not null)
            {
                Assert.True(await _waiting);
                _count++;
            }

            for (; ; _count++)
            {
                var next = _outputs.MoveNextAsync();
                if (!next.IsCompleted)
                {
                    _waiting = next.AsTask();
                    return _count;
                }

                Assert.True(await next);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            if (_waiting is not null) await ((Task)_waiting).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _outputs.DisposeAsync();
            _stop.Dispose();
        }
    }

    /// <summary>Takes everything, and answers with the same frame again and again.</summary>
    private class Dripping(byte[] frame, int framesPerRead, int count = int.MaxValue, byte[]? last = null) : Stream
    {
        private long _position;

        public int Reads { get; private set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(Span<byte> buffer)
        {
            Reads++;
            var most = (int)Math.Min(buffer.Length, (long)framesPerRead * frame.Length);
            var filled = 0;
            for (; filled < most && _position < (long)count * frame.Length; filled++) buffer[filled] = frame[_position++ % frame.Length];
            if (filled > 0 || last is null) return filled;
            last.CopyTo(buffer);
            return last.Length;
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            ValueTask.FromResult(Read(buffer.Span));

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public override void Write(byte[] buffer, int offset, int count)
        {
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }

    /// <summary>One frame before all others.</summary>
    private sealed class Prefixed(byte[] first, Dripping rest) : Dripping(first, 1)
    {
        private bool _begun;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_begun) return rest.ReadAsync(buffer, cancellationToken);
            _begun = true;
            return base.ReadAsync(buffer, cancellationToken);
        }
    }

    /// <summary>Counts what is written to it.</summary>
    private sealed class Sink : MemoryStream
    {
        public long Bytes { get; private set; }

        public int Writes { get; private set; }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes++;
            Bytes += buffer.Length;
            return ValueTask.CompletedTask;
        }
    }
}
