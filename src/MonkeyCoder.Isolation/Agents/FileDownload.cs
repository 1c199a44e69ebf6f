using System.Buffers;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>A file's content, from its connection. Frames are passed on as they lie in the buffer; small ones that are there already, joined.</summary>
internal sealed class FileDownload(AgentConnection connection, FileOpenedAnswer opened) : IFileDownload
{
    /// <summary>Frames below this are joined, in bytes; those of an agent as it should be are larger, but for the last.</summary>
    private const int SmallBytes = 4096;

    private const int JoinedBytes = 64 * 1024;

    public FileEntryInfo Entry => opened.Entry;

    public long SizeBytes => opened.SizeBytes;

    public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        var joined = ArrayPool<byte>.Shared.Rent(JoinedBytes);
        var count = 0;
        try
        {
            while (true)
            {
                var (type, payload) = await connection.ReadFrameAsync(cancellationToken);
                if (type is not (FrameType.Data or FrameType.End)) throw AgentConnection.Unexpected(type);
                var small = type == FrameType.Data && payload.Length < SmallBytes;
                if (small)
                {
                    payload.CopyTo(joined.AsMemory(count));
                    count += payload.Length;
                }

                if (count > 0 && !(small && connection.HasFrame && count <= JoinedBytes - SmallBytes))
                {
                    await destination.WriteAsync(joined.AsMemory(0, count), cancellationToken);
                    count = 0;
                }

                if (type == FrameType.End) return;
                if (!small) await destination.WriteAsync(payload, cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(joined);
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
