using System.Runtime.CompilerServices;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>Output of a cell, from its connection; pieces of messages are joined up to a bound.</summary>
internal sealed class CellStream(AgentConnection connection, int maxMessageBytes) : ICellStream
{
    /// <summary>The message being joined; null between messages.</summary>
    private string? _kind;
    private long _bytes;
    private MemoryStream? _body;

    public async IAsyncEnumerable<CellOutput> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var (type, payload) = await connection.ReadFrameAsync(cancellationToken);
            switch (type)
            {
                case FrameType.KernelMessage:
                    if (Join(payload) is { } message) yield return message;
                    break;
                case FrameType.KernelIdle:
                    yield return new CellIdle(AgentConnection.Parse(payload, KernelIdleEvent.Read).Interrupted);
                    yield break;
                case FrameType.KernelDied:
                    var exit = AgentConnection.Parse(payload, ProcessExitedEvent.Read);
                    yield return new CellKernelDied(exit.ExitCode, exit.Signal);
                    yield break;
                default:
                    yield return new CellChunk(OutputChannels.Of(type), payload);
                    break;
            }
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();

    /// <summary>Takes a piece; returns the message when it was the last one.</summary>
    private CellOutput? Join(ReadOnlyMemory<byte> payload)
    {
        var (kind, more, piece) = Read(payload);
        if (_kind is not null && _kind != kind) throw new AgentUnreachableException("The agent mixed the pieces of two messages.");
        _bytes += piece.Length;
        if (!more && _kind is null && piece.Length <= maxMessageBytes) return End(new CellMessage(kind, piece.ToArray()));

        _kind = kind;
        if (_bytes > maxMessageBytes)
        {
            // From here on only counted.
            _body = null;
        }
        else
        {
            _body ??= new MemoryStream(piece.Length * 2);
            _body.Write(piece.Span);
        }

        if (more) return null;
        return End(_body is { } body && _bytes <= maxMessageBytes
            ? new CellMessage(kind, body.GetBuffer().AsMemory(0, (int)body.Length))
            : new CellMessageDropped(kind, _bytes));
    }

    private CellOutput End(CellOutput message)
    {
        (_kind, _bytes, _body) = (null, 0, null);
        return message;
    }

    private static (string Kind, bool More, ReadOnlyMemory<byte> Piece) Read(ReadOnlyMemory<byte> payload)
    {
        try
        {
            // As KernelMessageEvent.Read, without its copy of the body.
            var reader = new WireReader(payload.Span);
            var kind = reader.ReadString();
            var more = reader.ReadBool();
            var length = reader.ReadBytes().Length;
            if (reader.AtEnd) return (kind, more, payload[^length..]);
        }
        catch (InvalidDataException e)
        {
            throw new AgentUnreachableException("The agent sent a malformed frame.", e);
        }

        throw new AgentUnreachableException("The agent sent a frame that is longer than it should be.");
    }
}
