using System.Buffers.Binary;

namespace MonkeyCoder.Contracts.Agent;

/// <summary>The five bytes before each payload.</summary>
/// <param name="Type">What follows; may be a value that no one knows.</param>
/// <param name="PayloadBytes">0 to the limit of that type.</param>
public readonly record struct FrameHeader(FrameType Type, int PayloadBytes)
{
    /// <summary>Reads and checks a header.</summary>
    /// <exception cref="InvalidDataException">The length is over <see cref="AgentProtocol.MaxFrameBytes"/>, or, for raw
    /// bytes of a stream, over <see cref="AgentProtocol.MaxChunkBytes"/>.</exception>
    public static FrameHeader Read(ReadOnlySpan<byte> bytes)
    {
        var type = (FrameType)bytes[0];
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[1..]);
        var limit = IsChunk(type) ? AgentProtocol.MaxChunkBytes : AgentProtocol.MaxFrameBytes;
        return length <= limit
            ? new FrameHeader(type, (int)length)
            : throw new InvalidDataException($"A frame of type {(byte)type} says it has {length} bytes; at most {limit} are allowed.");
    }

    /// <summary>Writes the header to the first <see cref="AgentProtocol.HeaderBytes"/> bytes.</summary>
    public void Write(Span<byte> bytes)
    {
        bytes[0] = (byte)Type;
        BinaryPrimitives.WriteInt32LittleEndian(bytes[1..], PayloadBytes);
    }

    private static bool IsChunk(FrameType type) => type is FrameType.Data or FrameType.Stdout or FrameType.Stderr or FrameType.Pty;
}
