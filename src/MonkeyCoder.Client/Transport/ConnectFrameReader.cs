using System.Buffers.Binary;

namespace MonkeyCoder.Client.Transport;

/// <summary>
/// Reads the envelopes of a Connect stream: one byte of flags, four bytes of length (big-endian), payload.
/// https://connectrpc.com/docs/protocol#streaming-response
/// </summary>
internal sealed class ConnectFrameReader(Stream stream) : IDisposable
{
    private const int HeaderBytes = 5;
    private const int MaxFrameBytes = 16 * 1024 * 1024;
    private const byte Compressed = 1;
    private const byte EndOfStream = 2;

    private readonly StreamBuffer _buffer = new(stream, MaxFrameBytes + HeaderBytes);
    private int _consume;

    /// <summary>Payload of the frame just read; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Payload { get; private set; }

    /// <summary>True where the frame just read is the last one, whose payload is the stream's outcome.</summary>
    public bool IsEnd { get; private set; }

    /// <summary>Reads the next frame.</summary>
    /// <returns>False where the stream ended between frames, which is a broken stream unless the last was an end frame.</returns>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        _buffer.Consume(_consume);
        _consume = 0;
        while (_buffer.Unread.Length < HeaderBytes)
            if (!await _buffer.FillAsync(cancellationToken).ConfigureAwait(false))
                return _buffer.Unread.IsEmpty ? false : throw Torn();

        var (flags, length) = ReadHeader(_buffer.Unread.Span);
        while (_buffer.Unread.Length < HeaderBytes + length)
            if (!await _buffer.FillAsync(cancellationToken).ConfigureAwait(false))
                throw Torn();

        Payload = _buffer.Unread.Slice(HeaderBytes, length);
        IsEnd = (flags & EndOfStream) != 0;
        _consume = HeaderBytes + length;
        return true;
    }

    public void Dispose() => _buffer.Dispose();

    private static (byte Flags, int Length) ReadHeader(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if ((header[0] & Compressed) != 0)
            throw new SandboxApiException(ApiErrors.ProtocolError, "The service sent a compressed frame, which was not asked for.");
        if (length > MaxFrameBytes)
            throw new SandboxApiException(ApiErrors.ProtocolError, $"The service sent a frame of {length} bytes; the limit is {MaxFrameBytes}.");
        return (header[0], (int)length);
    }

    private static IOException Torn() => new("The stream ended inside a frame.");
}
