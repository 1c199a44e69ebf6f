using System.Buffers;

namespace MonkeyCoder.Client.Transport;

/// <summary>
/// A growing window over a stream, on one pooled array: what frame and line readers share. Nothing is copied but the
/// unread rest, when room is needed.
/// </summary>
internal sealed class StreamBuffer(Stream stream, int maxBytes) : IDisposable
{
    private const int InitialBytes = 16 * 1024;

    private byte[] _buffer = ArrayPool<byte>.Shared.Rent(InitialBytes);
    private int _start;
    private int _end;

    /// <summary>Bytes read from the stream and not consumed.</summary>
    public ReadOnlyMemory<byte> Unread => _buffer.AsMemory(_start, _end - _start);

    /// <summary>Forgets the first <paramref name="count"/> unread bytes.</summary>
    public void Consume(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, _end - _start);
        _start += count;
        if (_start == _end) _start = _end = 0;
    }

    /// <summary>Reads more. <see cref="Unread"/> taken before is no longer valid.</summary>
    /// <returns>False at the end of the stream.</returns>
    /// <exception cref="SandboxApiException"><c>protocol_error</c>: one item is larger than the bound.</exception>
    public async ValueTask<bool> FillAsync(CancellationToken cancellationToken)
    {
        MakeRoom();
        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        _end += read;
        return read > 0;
    }

    public void Dispose()
    {
        var buffer = Interlocked.Exchange(ref _buffer, []);
        if (buffer.Length > 0) ArrayPool<byte>.Shared.Return(buffer);
        _start = _end = 0;
    }

    private void MakeRoom()
    {
        if (_end < _buffer.Length) return;
        var unread = _end - _start;
        if (_start == 0)
        {
            if (unread >= maxBytes)
                throw new SandboxApiException(ApiErrors.ProtocolError, $"The service sent one item of more than {maxBytes} bytes.");
            var larger = ArrayPool<byte>.Shared.Rent(Math.Min(_buffer.Length * 2, maxBytes));
            _buffer.AsSpan(0, unread).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = larger;
        }
        else
        {
            _buffer.AsSpan(_start, unread).CopyTo(_buffer);
        }

        _start = 0;
        _end = unread;
    }
}
