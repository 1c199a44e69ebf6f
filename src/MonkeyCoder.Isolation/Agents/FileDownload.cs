using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>A file's content, from its connection.</summary>
internal sealed class FileDownload(AgentConnection connection, FileOpenedAnswer opened) : IFileDownload
{
    public FileEntryInfo Entry => opened.Entry;

    public long SizeBytes => opened.SizeBytes;

    public async Task CopyToAsync(Stream destination, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        while (true)
        {
            var (type, payload) = await connection.ReadFrameAsync(cancellationToken);
            if (type == FrameType.End) return;
            if (type != FrameType.Data) throw AgentConnection.Unexpected(type);
            await destination.WriteAsync(payload, cancellationToken);
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
