using System.Buffers.Binary;
using System.Text;

namespace MonkeyCoder.Contracts.Agent;

/// <summary>Builds one payload. Integers are little-endian; strings and byte runs carry a 4-byte length; options a presence byte.</summary>
public sealed class WireWriter
{
    private byte[] _buffer = new byte[256];
    private int _length;

    /// <summary>What has been written so far; valid until the next write.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>As <see cref="Written"/>, as memory.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _buffer.AsMemory(0, _length);

    /// <summary>Forgets the content and keeps the buffer.</summary>
    public void Clear() => _length = 0;

    /// <summary>Appends a whole frame, header and payload; or nothing, where it is refused.</summary>
    /// <exception cref="InvalidDataException">The payload is over <see cref="AgentProtocol.MaxFrameBytes"/>.</exception>
    public void WriteFrame(FrameType type, IAgentMessage? message)
    {
        var start = _length;
        _ = Reserve(AgentProtocol.HeaderBytes);
        message?.Write(this);
        var payload = _length - start - AgentProtocol.HeaderBytes;
        if (payload > AgentProtocol.MaxFrameBytes)
        {
            _length = start;
            throw new InvalidDataException($"The message has {payload} bytes; at most {AgentProtocol.MaxFrameBytes} fit in a frame.");
        }

        new FrameHeader(type, payload).Write(_buffer.AsSpan(start));
    }

    public void WriteByte(byte value) => Reserve(1)[0] = value;

    public void WriteBool(bool value) => WriteByte(value ? (byte)1 : (byte)0);

    public void WriteInt32(int value) => BinaryPrimitives.WriteInt32LittleEndian(Reserve(4), value);

    public void WriteInt64(long value) => BinaryPrimitives.WriteInt64LittleEndian(Reserve(8), value);

    public void WriteBytes(ReadOnlySpan<byte> value)
    {
        WriteInt32(value.Length);
        value.CopyTo(Reserve(value.Length));
    }

    public void WriteString(string value)
    {
        ArgumentNullException.ThrowIfNull(value);
        var count = Encoding.UTF8.GetByteCount(value);
        WriteInt32(count);
        Encoding.UTF8.GetBytes(value, Reserve(count));
    }

    public void WriteOptional(string? value)
    {
        WriteBool(value is not null);
        if (value is not null) WriteString(value);
    }

    public void WriteList(IReadOnlyList<string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        WriteInt32(values.Count);
        foreach (var value in values) WriteString(value);
    }

    public void WriteMap(IReadOnlyDictionary<string, string> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        WriteInt32(values.Count);
        foreach (var (key, value) in values)
        {
            WriteString(key);
            WriteString(value);
        }
    }

    private Span<byte> Reserve(int count)
    {
        if (_buffer.Length - _length < count)
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        var span = _buffer.AsSpan(_length, count);
        _length += count;
        return span;
    }
}
