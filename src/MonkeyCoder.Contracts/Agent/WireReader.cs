using System.Buffers.Binary;
using System.Text;

namespace MonkeyCoder.Contracts.Agent;

/// <summary>Reads one payload written by <see cref="WireWriter"/>. Every length is checked against what is left.</summary>
/// <exception cref="InvalidDataException">The payload is shorter than it says, or holds invalid UTF-8.</exception>
public ref struct WireReader(ReadOnlySpan<byte> payload)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private ReadOnlySpan<byte> _rest = payload;

    /// <summary>True when the payload is used up.</summary>
    public readonly bool AtEnd => _rest.IsEmpty;

    public byte ReadByte() => Take(1)[0];

    public bool ReadBool() => ReadByte() switch
    {
        0 => false,
        1 => true,
        _ => throw new InvalidDataException("A flag is neither 0 nor 1."),
    };

    public int ReadInt32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public long ReadInt64() => BinaryPrimitives.ReadInt64LittleEndian(Take(8));

    public ReadOnlySpan<byte> ReadBytes() => Take(ReadCount());

    public string ReadString()
    {
        try
        {
            return StrictUtf8.GetString(ReadBytes());
        }
        catch (DecoderFallbackException e)
        {
            throw new InvalidDataException("A string is not UTF-8.", e);
        }
    }

    public string? ReadOptional() => ReadBool() ? ReadString() : null;

    public IReadOnlyList<string> ReadList()
    {
        // Each string takes at least its 4-byte length, so a count can never be larger than that allows.
        var count = ReadCount(4);
        var values = new string[count];
        for (var i = 0; i < count; i++) values[i] = ReadString();
        return values;
    }

    public IReadOnlyDictionary<string, string> ReadMap()
    {
        var count = ReadCount(8);
        var values = new Dictionary<string, string>(count, StringComparer.Ordinal);
        for (var i = 0; i < count; i++) values[ReadString()] = ReadString();
        return values;
    }

    /// <summary>Reads a count of things that take at least <paramref name="leastBytesEach"/> bytes each.</summary>
    public int ReadCount(int leastBytesEach = 1)
    {
        var count = ReadInt32();
        if (count < 0 || (long)count * leastBytesEach > _rest.Length)
            throw new InvalidDataException("A length runs past the end of the payload.");
        return count;
    }

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count > _rest.Length) throw new InvalidDataException("The payload ends too early.");
        var span = _rest[..count];
        _rest = _rest[count..];
        return span;
    }
}
