using System.Buffers.Binary;

namespace MonkeyCoder.Contracts.Agent;

/// <summary>
/// What the gatekeeper of a sandbox writes before the first byte of each connection: where the program meant to go, as a header of
/// the PROXY protocol, version 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt), with the secret of the sandbox's door as a value
/// of a type of our own.
/// </summary>
public static class GatePreface
{
    /// <summary>Bytes of the secret.</summary>
    public const int SecretBytes = 32;

    /// <summary>Bytes of all of it.</summary>
    public const int Bytes = FixedBytes + AddressesBytes + ValueHeaderBytes + SecretBytes;

    private const int FixedBytes = 16;
    private const int AddressesBytes = 12; // source and destination, source port and destination port
    private const int ValueHeaderBytes = 3;
    private const byte VersionAndCommand = 0x21; // version 2, PROXY
    private const byte TcpOverIPv4 = 0x11;
    private const byte SecretType = 0xE0; // PP2_TYPE_MIN_CUSTOM

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Writes it.</summary>
    /// <param name="target">Of <see cref="Bytes"/>.</param>
    /// <param name="address">Four bytes, as sent.</param>
    /// <param name="port">The port.</param>
    /// <param name="secret">Of <see cref="SecretBytes"/>.</param>
    public static void Write(Span<byte> target, ReadOnlySpan<byte> address, ushort port, ReadOnlySpan<byte> secret)
    {
        target[..Bytes].Clear();
        Signature.CopyTo(target);
        target[12] = VersionAndCommand;
        target[13] = TcpOverIPv4;
        BinaryPrimitives.WriteUInt16BigEndian(target[14..], Bytes - FixedBytes);
        address[..4].CopyTo(target[20..]);
        BinaryPrimitives.WriteUInt16BigEndian(target[26..], port);
        target[28] = SecretType;
        BinaryPrimitives.WriteUInt16BigEndian(target[29..], SecretBytes);
        secret[..SecretBytes].CopyTo(target[31..]);
    }

    /// <summary>Reads it: only in the one form that <see cref="Write"/> gives it.</summary>
    /// <returns>false where it is anything else.</returns>
    public static bool TryRead(ReadOnlySpan<byte> source, out ReadOnlySpan<byte> address, out ushort port, out ReadOnlySpan<byte> secret)
    {
        address = default;
        port = 0;
        secret = default;
        if (source.Length < Bytes) return false;
        address = source.Slice(20, 4);
        port = BinaryPrimitives.ReadUInt16BigEndian(source[26..]);
        secret = source.Slice(31, SecretBytes);
        Span<byte> canonical = stackalloc byte[Bytes];
        Write(canonical, address, port, secret);
        return source[..Bytes].SequenceEqual(canonical);
    }
}
