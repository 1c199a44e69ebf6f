using System.Buffers;
using System.Net.Sockets;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>
/// One connection to an agent: writes frames, and reads them with every bound checked. One reader and one writer at a
/// time. After any exception the connection is of no further use.
/// </summary>
internal sealed class AgentConnection(Stream stream) : IAsyncDisposable
{
    private readonly WireWriter _writer = new();
    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(AgentProtocol.HeaderBytes + AgentProtocol.MaxChunkBytes);
    private int _start;
    private int _end;
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
        if (Stream is not NetworkStream { Socket: var socket } || Libc.TrySendDescriptors(socket.SafeHandle, _writer.Written, descriptors) != _writer.Written.Length)
            throw new AgentUnreachableException("The agent does not take descriptors.");
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
    public async ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)> ReadFrameAsync(CancellationToken cancellationToken)
    {
        await FillAsync(AgentProtocol.HeaderBytes, exactly: false, cancellationToken);
        return await ReadPayloadAsync(exactly: false, cancellationToken);
    }

    /// <summary>As <see cref="ReadFrameAsync"/>, taking no byte of what comes after the frame.</summary>
    /// <exception cref="AgentException">The agent refused or failed.</exception>
    /// <exception cref="AgentUnreachableException">End of the stream, or not the protocol.</exception>
    public async ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)> ReadFrameExactlyAsync(CancellationToken cancellationToken)
    {
        await FillAsync(AgentProtocol.HeaderBytes, exactly: true, cancellationToken);
        return await ReadPayloadAsync(exactly: true, cancellationToken);
    }

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

    private async ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)> ReadPayloadAsync(bool exactly, CancellationToken cancellationToken)
    {
        FrameHeader header;
        try
        {
            header = FrameHeader.Read(_buffer.AsSpan(_start, AgentProtocol.HeaderBytes));
        }
        catch (InvalidDataException e)
        {
            throw new AgentUnreachableException("The agent sent a frame over its limit.", e);
        }

        await FillAsync(AgentProtocol.HeaderBytes + header.PayloadBytes, exactly, cancellationToken);
        var payload = _buffer.AsMemory(_start + AgentProtocol.HeaderBytes, header.PayloadBytes);
        _start += AgentProtocol.HeaderBytes + header.PayloadBytes;
        if (header.Type != FrameType.Error) return (header.Type, payload);

        var error = Parse(payload, AgentError.Read);
        throw new AgentException(Enum.IsDefined(error.Code) ? error.Code : AgentErrorCode.Unknown, error.Message);
    }

    /// <summary>Reads until so many bytes lie at <c>_start</c>.</summary>
    private async ValueTask FillAsync(int wanted, bool exactly, CancellationToken cancellationToken)
    {
        if (_end - _start >= wanted) return;
        MakeRoom(wanted);
        _reading = true;
        try
        {
            while (_end - _start < wanted)
            {
                var room = exactly ? _buffer.AsMemory(_end, wanted - (_end - _start)) : _buffer.AsMemory(_end);
                var count = await Stream.ReadAsync(room, cancellationToken);
                if (count == 0) throw new AgentUnreachableException("The agent closed the connection before the end of its answer.");
                _end += count;
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

    private void MakeRoom(int wanted)
    {
        if (_buffer.Length - _start >= wanted) return;
        var left = _end - _start;
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
