using System.Buffers;
using System.Buffers.Binary;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>
/// One connection to an agent: writes frames, and reads them with every bound checked. One reader and one writer at a
/// time. After any exception the connection is of no further use. What is read is paid for to the pace of the sandbox.
/// </summary>
internal sealed class AgentConnection(Stream stream, AgentPace pace, TimeProvider time) : IAsyncDisposable
{
    /// <summary>Reads of a first frame that are not kept waiting: an answer gets through however much a stream beside it has cost.</summary>
    private const int PromptReads = 8;

    /// <summary>Left of a frame, so little is moved to where the next read has the whole buffer.</summary>
    private const int MovedBytes = 4096;

    private readonly WireWriter _writer = new();
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(AgentProtocol.HeaderBytes + AgentProtocol.MaxChunkBytes);
    private int _start;
    private int _end;
    private int _reads;
    private bool _answered;
    private int _smallReads;
    private int _frames;
    private long _outputBytes;
    private int _disposed;
    private volatile bool _reading;

    /// <summary>The transport itself. Nothing of it is buffered after <see cref="ReadFrameExactlyAsync"/>.</summary>
    public Stream Stream { get; } = stream;

    /// <exception cref="AgentException">The message is too long for a frame.</exception>
    /// <exception cref="AgentUnreachableException">The connection is gone.</exception>
    public async Task SendAsync(FrameType type, IAgentMessage? message, CancellationToken cancellationToken)
    {
        _writer.Clear();
        try
        {
            _writer.WriteFrame(type, message);
        }
        catch (InvalidDataException e)
        {
            throw new AgentException(AgentErrorCode.InvalidArgument, e.Message);
        }

        await SendBytesAsync(_writer.WrittenMemory, cancellationToken);
    }

    /// <summary>Sends a short message, and copies of descriptors with its first byte. To be called where nothing waits to be sent.</summary>
    /// <exception cref="AgentUnreachableException">The connection is gone, or is no unix socket.</exception>
    public void SendDescriptors(FrameType type, IAgentMessage message, IReadOnlyList<FileDescriptor> descriptors)
    {
        _writer.Clear();
        _writer.WriteFrame(type, message);
        if (Stream is not NetworkStream { Socket: var socket }
            || Libc.TrySendMessage(socket.SafeHandle, _writer.Written, [.. descriptors.Select(static one => one.Number)]) != 0)
            throw new AgentUnreachableException("The agent does not take descriptors.");
        GC.KeepAlive(descriptors);
    }

    /// <summary>Sends a frame that lies whole in memory.</summary>
    /// <exception cref="AgentUnreachableException">The connection is gone.</exception>
    public async Task SendBytesAsync(ReadOnlyMemory<byte> frame, CancellationToken cancellationToken)
    {
        try
        {
            await Stream.WriteAsync(frame, cancellationToken);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            throw new AgentUnreachableException("The agent does not take requests any more.", e);
        }
    }

    /// <summary>
    /// Reads the next frame. Its payload is valid until the next call. An <see cref="FrameType.Error"/> frame becomes
    /// an exception.
    /// </summary>
    /// <exception cref="AgentException">The agent refused or failed.</exception>
    /// <exception cref="AgentUnreachableException">End of the stream, or not the protocol.</exception>
    public ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)> ReadFrameAsync(CancellationToken cancellationToken) =>
        HasFrame ? ValueTask.FromResult(TakeFrame(ReadHeader())) : WaitForFrameAsync(exactly: false, cancellationToken);

    /// <summary>As <see cref="ReadFrameAsync"/>, taking no byte of what comes after the frame.</summary>
    /// <exception cref="AgentException">The agent refused or failed.</exception>
    /// <exception cref="AgentUnreachableException">End of the stream, or not the protocol.</exception>
    public ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)> ReadFrameExactlyAsync(CancellationToken cancellationToken) =>
        WaitForFrameAsync(exactly: true, cancellationToken);

    /// <summary>Reads a frame that has to be of one type.</summary>
    /// <exception cref="AgentException">The agent refused or failed.</exception>
    /// <exception cref="AgentUnreachableException">End of the stream, or not the protocol.</exception>
    public async ValueTask<ReadOnlyMemory<byte>> ExpectAsync(FrameType expected, CancellationToken cancellationToken)
    {
        var (type, payload) = await ReadFrameAsync(cancellationToken);
        return type == expected ? payload : throw Unexpected(type);
    }

    /// <summary>Reads a whole payload into a message.</summary>
    /// <exception cref="AgentUnreachableException">It is malformed, or longer than it should be.</exception>
    public static T Parse<T>(ReadOnlyMemory<byte> payload, MessageReader<T> read)
    {
        try
        {
            var reader = new WireReader(payload.Span);
            var message = read(ref reader);
            if (reader.AtEnd) return message;
        }
        catch (InvalidDataException e)
        {
            throw new AgentUnreachableException("The agent sent a malformed frame.", e);
        }

        throw new AgentUnreachableException("The agent sent a frame that is longer than it should be.");
    }

    /// <summary>Whether the next frame can be read without waiting for the agent.</summary>
    public bool HasFrame
    {
        get
        {
            var there = _end - _start;
            if (there < AgentProtocol.HeaderBytes) return false;
            var payload = BinaryPrimitives.ReadUInt32LittleEndian(_buffer.AsSpan(_start + 1));
            return there - AgentProtocol.HeaderBytes >= payload;
        }
    }

    public static AgentUnreachableException Unexpected(FrameType type) =>
        new($"The agent sent a frame of type {(byte)type} where none is expected.");

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        await Stream.DisposeAsync();
        ReleaseBuffer();
    }

    /// <summary>Gives up the connection but not the transport, which belongs to someone else from here on.</summary>
    public Stream Detach()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0) ReleaseBuffer();
        return Stream;
    }

    private void ReleaseBuffer()
    {
        // A read that a disposal cut short may still hold the buffer: it is left to the collector then.
        var buffer = Interlocked.Exchange(ref _buffer, []);
        if (!_reading && buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
    }

    // Frames come by the thousand: what waits for them is taken from a pool.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)> WaitForFrameAsync(bool exactly, CancellationToken cancellationToken)
    {
        await FillAsync(AgentProtocol.HeaderBytes, exactly, cancellationToken);
        var header = ReadHeader();
        await FillAsync(AgentProtocol.HeaderBytes + header.PayloadBytes, exactly, cancellationToken);
        return TakeFrame(header);
    }

    private FrameHeader ReadHeader()
    {
        try
        {
            return FrameHeader.Read(_buffer.AsSpan(_start, AgentProtocol.HeaderBytes));
        }
        catch (InvalidDataException e)
        {
            throw new AgentUnreachableException("The agent sent a frame over its limit.", e);
        }
    }

    /// <summary>Takes a frame that lies whole in the buffer.</summary>
    private (FrameType Type, ReadOnlyMemory<byte> Payload) TakeFrame(FrameHeader header)
    {
        var payload = _buffer.AsMemory(_start + AgentProtocol.HeaderBytes, header.PayloadBytes);
        _start += AgentProtocol.HeaderBytes + header.PayloadBytes;
        _answered = true;
        _frames++;
        if (header.Type != FrameType.Data) _outputBytes += header.PayloadBytes;
        if (header.Type != FrameType.Error) return (header.Type, payload);

        var error = Parse(payload, AgentError.Read);
        throw new AgentException(Enum.IsDefined(error.Code) ? error.Code : AgentErrorCode.Unknown, error.Message);
    }

    /// <summary>Reads until so many bytes lie at <c>_start</c>.</summary>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    private async ValueTask FillAsync(int wanted, bool exactly, CancellationToken cancellationToken)
    {
        if (_end - _start >= wanted) return;
        MakeRoom(wanted);
        await KeepPaceAsync(cancellationToken);
        _reading = true;
        try
        {
            while (_end - _start < wanted)
            {
                var room = exactly ? _buffer.AsMemory(_end, wanted - (_end - _start)) : _buffer.AsMemory(_end);
                var count = await Stream.ReadAsync(room, cancellationToken);
                if (count == 0) throw new AgentUnreachableException("The agent closed the connection before the end of its answer.");
                _end += count;
                if (count <= AgentPace.SmallReadBytes) _smallReads++;
                _reads++;
                if (_end - _start < wanted) await KeepPaceAsync(cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException and not AgentUnreachableException or ObjectDisposedException)
        {
            throw new AgentUnreachableException("The connection to the agent broke.", e);
        }
        finally
        {
            _reading = false;
        }
    }

    /// <summary>Pays for what has been read, and waits where it was too much.</summary>
    private Task KeepPaceAsync(CancellationToken cancellationToken)
    {
        pace.Spend(_smallReads, _frames, _outputBytes);
        (_smallReads, _frames, _outputBytes) = (0, 0, 0);
        return (_answered || _reads >= PromptReads) && pace.TimeToWait() is { Ticks: > 0 } wait
            ? Task.Delay(wait, time, cancellationToken)
            : Task.CompletedTask;
    }

    private void MakeRoom(int wanted)
    {
        var left = _end - _start;
        if (_buffer.Length - _start >= wanted && left > MovedBytes) return;
        if (_buffer.Length >= wanted)
        {
            _buffer.AsSpan(_start, left).CopyTo(_buffer);
        }
        else
        {
            var larger = ArrayPool<byte>.Shared.Rent(wanted);
            _buffer.AsSpan(_start, left).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }

        (_start, _end) = (0, left);
    }
}

/// <summary>The static Read of a message.</summary>
internal delegate T MessageReader<out T>(ref WireReader reader);
