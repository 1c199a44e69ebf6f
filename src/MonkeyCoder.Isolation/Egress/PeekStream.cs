using System.Buffers;
using System.Net.Sockets;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// One side of a connection. Its beginning can be looked at before it is read, so that a destination is judged before a
/// byte goes there.
/// </summary>
/// <param name="inner">Where bytes come from and go to; disposed by whoever made it.</param>
/// <param name="endWrites">Tells the peer that no more will come.</param>
internal sealed class PeekStream(Stream inner, Action endWrites) : IDisposable
{
    /// <summary>What can be looked at ahead, at most: a ClientHello, or a head of HTTP.</summary>
    public const int LookAheadBytes = 16 * 1024 + 512;

    private byte[]? _buffer;
    private int _start;
    private int _end;

    /// <summary>What has been looked at and not been read.</summary>
    public ReadOnlySpan<byte> Ahead => _buffer.AsSpan(_start, _end - _start);

    /// <summary>As much has been looked at as can be.</summary>
    public bool IsFull => _end - _start >= LookAheadBytes;

    /// <summary>Over a connected socket, which stays the caller's.</summary>
    public static PeekStream Over(Socket socket) =>
#pragma warning disable CA2000 // Has nothing of its own: the socket is the caller's.
        new(new NetworkStream(socket, ownsSocket: false), () => socket.Shutdown(SocketShutdown.Send));
#pragma warning restore CA2000

    /// <summary>Looks further. Returns how many bytes came; 0 at the end of the stream.</summary>
    public async ValueTask<int> LookAsync(CancellationToken cancellationToken)
    {
        if (IsFull) throw new InvalidOperationException("As much has been looked at as can be.");
        // Nothing is rented while nothing comes.
        if (_buffer is null) await inner.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
        _buffer ??= ArrayPool<byte>.Shared.Rent(LookAheadBytes);
        if (_start > 0)
        {
            Ahead.CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        var count = await inner.ReadAsync(_buffer.AsMemory(_end, LookAheadBytes - _end), cancellationToken).ConfigureAwait(false);
        _end += count;
        return count;
    }

    /// <summary>Drops what has been looked at.</summary>
    public void Skip(int count)
    {
        _start += count;
        if (_start < _end || _buffer is null) return;
        ArrayPool<byte>.Shared.Return(_buffer);
        (_buffer, _start, _end) = (null, 0, 0);
    }

    /// <summary>Reads, first what has been looked at.</summary>
    public ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (_end == _start) return inner.ReadAsync(buffer, cancellationToken);
        var count = Math.Min(buffer.Length, _end - _start);
        _buffer.AsMemory(_start, count).CopyTo(buffer);
        Skip(count);
        return ValueTask.FromResult(count);
    }

    /// <summary>Waits until there is something to read, or the end.</summary>
    public async ValueTask WaitAsync(CancellationToken cancellationToken)
    {
        if (_end == _start) await inner.ReadAsync(Memory<byte>.Empty, cancellationToken).ConfigureAwait(false);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => inner.WriteAsync(bytes, cancellationToken);

    /// <summary>Half-closes.</summary>
    public void EndWrites() => endWrites();

    /// <summary>Gives the look-ahead back; not while a read is going on.</summary>
    public void Dispose() => Skip(_end - _start);
}
