using System.Buffers.Binary;
using System.Text;

namespace MonkeyCoder.Linux.Netlink;

/// <summary>Writes messages of netlink(7), one after the other, numbered from 1. Attributes are nested by opening and closing them.</summary>
public sealed class NetlinkWriter
{
    /// <summary>Asks for an answer also where all is well.</summary>
    public const ushort Acknowledge = 4;

    // linux/netlink.h
    private const ushort NLM_F_REQUEST = 1;
    private const ushort NLA_F_NESTED = 0x8000;
    private const int HeaderBytes = 16;

    private byte[] _bytes = new byte[4096];
    private int _length;
    private int _message;

    /// <summary>Number of the last message; 0 before the first.</summary>
    public uint Sequence { get; private set; }

    /// <summary>What has been written.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    /// <summary>Opens a message, to be closed by <see cref="EndMessage"/>.</summary>
    /// <param name="type">Type, e.g. RTM_NEWROUTE.</param>
    /// <param name="flags">On top of NLM_F_REQUEST.</param>
    /// <param name="fixedPart">The struct that comes before attributes.</param>
    public void BeginMessage(ushort type, ushort flags, ReadOnlySpan<byte> fixedPart)
    {
        _message = _length;
        var header = Take(HeaderBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(header[4..], type);
        BinaryPrimitives.WriteUInt16LittleEndian(header[6..], (ushort)(flags | NLM_F_REQUEST));
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], ++Sequence);
        fixedPart.CopyTo(Take(fixedPart.Length));
    }

    /// <summary>Closes the message.</summary>
    public void EndMessage() => BinaryPrimitives.WriteInt32LittleEndian(_bytes.AsSpan(_message), _length - _message);

    /// <summary>An attribute, padded to four bytes.</summary>
    public void Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        var header = Take(4);
        BinaryPrimitives.WriteUInt16LittleEndian(header, (ushort)(4 + value.Length));
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], type);
        value.CopyTo(Take((value.Length + 3) & ~3));
    }

    /// <summary>An attribute that is ASCII text with a NUL.</summary>
    public void Text(ushort type, string value) => Attribute(type, Encoding.ASCII.GetBytes(value + '\0'));

    /// <summary>A number in network order.</summary>
    public void Number(ushort type, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>As <see cref="Number(ushort, uint)"/>, of eight bytes.</summary>
    public void LongNumber(ushort type, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Attribute(type, bytes);
    }

    /// <summary>Opens an attribute that holds attributes; returns what <see cref="EndNested"/> closes it with.</summary>
    public int BeginNested(ushort type)
    {
        var start = _length;
        var header = Take(4);
        BinaryPrimitives.WriteUInt16LittleEndian(header[2..], (ushort)(type | NLA_F_NESTED));
        return start;
    }

    /// <summary>Closes it.</summary>
    public void EndNested(int start) => BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(start), (ushort)(_length - start));

    private Span<byte> Take(int count)
    {
        if (_length + count > _bytes.Length) Array.Resize(ref _bytes, Math.Max(2 * _bytes.Length, _length + count));
        var taken = _bytes.AsSpan(_length, count);
        _length += count;
        return taken;
    }
}
