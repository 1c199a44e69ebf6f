using System.Buffers.Binary;
using System.Text;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>What reading the start of a TLS connection found.</summary>
internal enum HelloState
{
    /// <summary>Not all of it is there yet.</summary>
    Incomplete,
    /// <summary>A well-formed ClientHello; it may have no name.</summary>
    Complete,
    /// <summary>Not TLS, or not well-formed.</summary>
    Malformed,
}

/// <summary>Finds the server name in a TLS ClientHello (RFC 8446 4.1.2, RFC 6066 3), also one that is spread over records.</summary>
internal static class ClientHello
{
    private const int HandshakeRecord = 22;
    private const int RecordHeaderBytes = 5;
    private const int MaxRecordBytes = 16384;
    private const int MaxHelloBytes = 16384;
    private const int ServerNameExtension = 0;

    /// <summary>Whether a connection that begins with this byte is TLS.</summary>
    public static bool StartsLike(byte first) => first == HandshakeRecord;

    /// <summary>Reads it.</summary>
    /// <param name="bytes">From the start of the connection.</param>
    /// <param name="name">As the client wrote it; null where it named none.</param>
    public static HelloState Read(ReadOnlySpan<byte> bytes, out string? name)
    {
        name = null;
        Span<byte> hello = stackalloc byte[MaxHelloBytes];
        var length = 0;
        while (true)
        {
            // 1. The next record, whole.
            if (bytes.Length < RecordHeaderBytes) return StartsWell(bytes) ? HelloState.Incomplete : HelloState.Malformed;
            var size = BinaryPrimitives.ReadUInt16BigEndian(bytes[3..]);
            if (!StartsWell(bytes) || size is 0 or > MaxRecordBytes || length + size > MaxHelloBytes) return HelloState.Malformed;
            if (bytes.Length < RecordHeaderBytes + size) return HelloState.Incomplete;
            bytes.Slice(RecordHeaderBytes, size).CopyTo(hello[length..]);
            length += size;
            bytes = bytes[(RecordHeaderBytes + size)..];

            // 2. The message, when enough records are there: type 1, 24 bits of length.
            if (hello[0] != 1) return HelloState.Malformed;
            if (length < 4) continue;
            var body = hello[1] << 16 | BinaryPrimitives.ReadUInt16BigEndian(hello[2..]);
            if (body > MaxHelloBytes - 4) return HelloState.Malformed;
            if (length >= 4 + body) return TryReadName(hello.Slice(4, body), out name) ? HelloState.Complete : HelloState.Malformed;
        }
    }

    private static bool StartsWell(ReadOnlySpan<byte> record) =>
        record is [] or [HandshakeRecord] or [HandshakeRecord, 3, ..];

    private static bool TryReadName(ReadOnlySpan<byte> hello, out string? name)
    {
        name = null;
        // Version and random, then session id, cipher suites, compression methods.
        if (!TrySkip(ref hello, 34) || !TryTake(ref hello, 1, out _) || !TryTake(ref hello, 2, out _) || !TryTake(ref hello, 1, out _)) return false;
        if (hello.IsEmpty) return true;
        if (!TryTake(ref hello, 2, out var extensions) || !hello.IsEmpty) return false;
        var seen = false;
        while (!extensions.IsEmpty)
        {
            if (extensions.Length < 2) return false;
            var type = BinaryPrimitives.ReadUInt16BigEndian(extensions);
            extensions = extensions[2..];
            if (!TryTake(ref extensions, 2, out var content)) return false;
            if (type != ServerNameExtension) continue;
            // Two of them would be read differently by different servers.
            if (seen || !TryReadServerName(content, out name)) return false;
            seen = true;
        }

        return true;
    }

    private static bool TryReadServerName(ReadOnlySpan<byte> extension, out string? name)
    {
        name = null;
        if (!TryTake(ref extension, 2, out var list) || !extension.IsEmpty || list.IsEmpty || list[0] != 0) return false;
        list = list[1..];
        if (!TryTake(ref list, 2, out var host) || !list.IsEmpty || host.IsEmpty) return false;
        foreach (var letter in host)
            if (letter is <= 0x20 or >= 0x7f) return false;
        name = Encoding.ASCII.GetString(host);
        return true;
    }

    private static bool TrySkip(ref ReadOnlySpan<byte> bytes, int count)
    {
        if (bytes.Length < count) return false;
        bytes = bytes[count..];
        return true;
    }

    /// <summary>A piece with its length before it.</summary>
    private static bool TryTake(ref ReadOnlySpan<byte> bytes, int lengthBytes, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (bytes.Length < lengthBytes) return false;
        var length = lengthBytes == 1 ? bytes[0] : BinaryPrimitives.ReadUInt16BigEndian(bytes);
        if (bytes.Length < lengthBytes + length) return false;
        taken = bytes.Slice(lengthBytes, length);
        bytes = bytes[(lengthBytes + length)..];
        return true;
    }
}
