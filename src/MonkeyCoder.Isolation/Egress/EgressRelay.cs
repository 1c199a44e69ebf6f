using System.Buffers;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Carries bytes both ways until both sides have ended. Who reads slowly slows the other down.</summary>
internal static class EgressRelay
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>Both ways; when one fails, both sides are closed.</summary>
    public static Task RunAsync(EgressConnection connection, PeekStream server, CancellationToken cancellationToken) => BothAsync(
        connection,
        CopyAsync(connection, connection.Client, server, outwards: true, cancellationToken),
        CopyAsync(connection, server, connection.Client, outwards: false, cancellationToken));

    /// <summary>Waits for both ways; when one fails, both sides are closed.</summary>
    public static async Task BothAsync(EgressConnection connection, Task outwards, Task inwards)
    {
        var first = await Task.WhenAny(outwards, inwards).ConfigureAwait(false);
        if (!first.IsCompletedSuccessfully) connection.Reset();
        await Task.WhenAll(outwards, inwards).ConfigureAwait(false);
    }

    /// <summary>One way, to its end, which is handed on.</summary>
    public static async Task CopyAsync(
        EgressConnection connection, PeekStream from, PeekStream to, bool outwards, CancellationToken cancellationToken)
    {
        while (true)
        {
            // Nothing is rented while nothing comes.
            await from.WaitAsync(cancellationToken).ConfigureAwait(false);
            if (await CopyOnceAsync(connection, from, to, BufferBytes, outwards, cancellationToken).ConfigureAwait(false) == 0) break;
        }

        to.EndWrites();
    }

    /// <summary>So many bytes and no more.</summary>
    /// <exception cref="EndOfStreamException">Fewer came.</exception>
    public static async Task CopyExactlyAsync(
        EgressConnection connection, PeekStream from, PeekStream to, long count, bool outwards, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            await from.WaitAsync(cancellationToken).ConfigureAwait(false);
            var copied = await CopyOnceAsync(connection, from, to, (int)Math.Min(count, BufferBytes), outwards, cancellationToken).ConfigureAwait(false);
            if (copied == 0) throw new EndOfStreamException();
            count -= copied;
        }
    }

    /// <summary>Bytes of the node's own making, or changed by it.</summary>
    public static async Task SendAsync(
        EgressConnection connection, PeekStream to, ReadOnlyMemory<byte> bytes, bool outwards, CancellationToken cancellationToken)
    {
        connection.Touch();
        await connection.Egress.PassAsync(bytes.Length, outwards).ConfigureAwait(false);
        await to.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask<int> CopyOnceAsync(
        EgressConnection connection, PeekStream from, PeekStream to, int most, bool outwards, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(most);
        try
        {
            var count = await from.ReadAsync(buffer.AsMemory(0, most), cancellationToken).ConfigureAwait(false);
            if (count > 0) await SendAsync(connection, to, buffer.AsMemory(0, count), outwards, cancellationToken).ConfigureAwait(false);
            return count;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
