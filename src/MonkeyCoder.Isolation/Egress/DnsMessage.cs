using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>Types of records that the node asks for and answers (RFC 1035 3.2.2, RFC 3596).</summary>
internal enum DnsType : ushort
{
    A = 1,
    Cname = 5,
    Aaaa = 28,
}

/// <summary>How an answer ends (RFC 1035 4.1.1).</summary>
internal enum DnsStatus
{
    Ok = 0,
    FormatError = 1,
    ServerFailure = 2,
    NoSuchName = 3,
    NotImplemented = 4,
    Refused = 5,
}

/// <summary>A question about one name.</summary>
/// <param name="Id">Chosen by whoever asks.</param>
/// <param name="Name">Lower case, without the last dot; null where it has bytes that no host's name has.</param>
/// <param name="Type">May be one that <see cref="DnsType"/> does not name.</param>
/// <param name="Class">1 is the internet.</param>
/// <param name="Flags">As they came.</param>
/// <param name="End">Where the question ends in the message.</param>
internal sealed record DnsQuestion(ushort Id, string? Name, DnsType Type, ushort Class, ushort Flags, int End);

/// <summary>Reads and writes DNS messages (RFC 1035 4).</summary>
internal static class DnsMessage
{
    /// <summary>Header.</summary>
    public const int HeaderBytes = 12;

    /// <summary>Largest message over UDP that is sent from here.</summary>
    public const int MaxDatagramBytes = 512;

    private const ushort ResponseFlag = 0x8000;
    private const ushort TruncatedFlag = 0x0200;
    private const ushort RecursionDesired = 0x0100;
    private const ushort RecursionAvailable = 0x0080;
    private const ushort Internet = 1;
    private const int MaxJumps = 32;

    /// <summary>Reads a query. Null where it is none; those are not answered.</summary>
    public static DnsQuestion? ReadQuery(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderBytes) return null;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((flags & ResponseFlag) != 0 || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1) return null;
        return ReadQuestion(message, flags);
    }

    /// <summary>The answer to a query.</summary>
    /// <param name="query">The message.</param>
    /// <param name="question">What was read of it.</param>
    /// <param name="status">How it ends.</param>
    /// <param name="addresses">Those of the type asked for.</param>
    /// <param name="timeToLive">How long they hold.</param>
    public static byte[] WriteAnswer(
        ReadOnlySpan<byte> query, DnsQuestion question, DnsStatus status, IReadOnlyList<IPAddress> addresses, TimeSpan timeToLive)
    {
        var recordBytes = 12 + (question.Type == DnsType.Aaaa ? 16 : 4);
        var fitting = Math.Min(addresses.Count, (MaxDatagramBytes - question.End) / recordBytes);
        var answer = new byte[question.End + fitting * recordBytes];
        query[..question.End].CopyTo(answer);
        BinaryPrimitives.WriteUInt16BigEndian(
            answer.AsSpan(2), (ushort)(ResponseFlag | (question.Flags & (0x7800 | RecursionDesired)) | RecursionAvailable | (int)status));
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(4), 1);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), (ushort)fitting);
        answer.AsSpan(8, 4).Clear();
        var at = answer.AsSpan(question.End);
        for (var i = 0; i < fitting; i++, at = at[recordBytes..])
        {
            // The name is the one at the start of the question.
            BinaryPrimitives.WriteUInt16BigEndian(at, 0xc000 | HeaderBytes);
            BinaryPrimitives.WriteUInt16BigEndian(at[2..], (ushort)question.Type);
            BinaryPrimitives.WriteUInt16BigEndian(at[4..], Internet);
            BinaryPrimitives.WriteUInt32BigEndian(at[6..], (uint)timeToLive.TotalSeconds);
            BinaryPrimitives.WriteUInt16BigEndian(at[10..], (ushort)(recordBytes - 12));
            addresses[i].TryWriteBytes(at[12..], out _);
        }

        return answer;
    }

    /// <summary>A query for one type of record of a host's name, of labels of 1 to 63 ASCII characters.</summary>
    public static byte[] WriteQuery(ushort id, string name, DnsType type)
    {
        var message = new byte[HeaderBytes + name.Length + 2 + 4];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(2), RecursionDesired);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(4), 1);
        var at = HeaderBytes;
        foreach (var label in name.Split('.'))
        {
            message[at++] = (byte)label.Length;
            at += Encoding.ASCII.GetBytes(label, message.AsSpan(at));
        }

        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 1), (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(message.AsSpan(at + 3), Internet);
        return message;
    }

    /// <summary>Reads the answer to a query of <see cref="WriteQuery"/>. Null where it answers something else, or is malformed.</summary>
    public static DnsAnswer? ReadAnswer(ReadOnlySpan<byte> message, ushort id, string name, DnsType type)
    {
        if (message.Length < HeaderBytes || BinaryPrimitives.ReadUInt16BigEndian(message) != id) return null;
        var flags = BinaryPrimitives.ReadUInt16BigEndian(message[2..]);
        if ((flags & ResponseFlag) == 0 || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1) return null;
        if (ReadQuestion(message, flags) is not { } question || question.Name != name || question.Type != type) return null;

        var addresses = new List<IPAddress>();
        var timeToLive = uint.MaxValue;
        var owner = name;
        var at = question.End;
        for (var left = BinaryPrimitives.ReadUInt16BigEndian(message[6..]); left > 0; left--)
        {
            if (!TryReadName(message, ref at, out var record) || at + 10 > message.Length) return null;
            var recordType = (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]);
            var seconds = BinaryPrimitives.ReadUInt32BigEndian(message[(at + 4)..]);
            var length = BinaryPrimitives.ReadUInt16BigEndian(message[(at + 8)..]);
            at += 10;
            if (at + length > message.Length) return null;
            if (recordType == DnsType.Cname && record == owner)
            {
                var target = at;
                if (!TryReadName(message, ref target, out var next) || next is null) return null;
                (owner, timeToLive) = (next, Math.Min(timeToLive, seconds));
            }
            else if (recordType == type && record == owner)
            {
                if (length != (type == DnsType.A ? 4 : 16)) return null;
                addresses.Add(new IPAddress(message.Slice(at, length)));
                timeToLive = Math.Min(timeToLive, seconds);
            }

            at += length;
        }

        return new DnsAnswer((DnsStatus)(flags & 0xf), (flags & TruncatedFlag) != 0, addresses, TimeSpan.FromSeconds(Math.Min(timeToLive, 3600)));
    }

    private static DnsQuestion? ReadQuestion(ReadOnlySpan<byte> message, ushort flags)
    {
        var at = HeaderBytes;
        if (!TryReadName(message, ref at, out var name) || at + 4 > message.Length || at + 4 > MaxDatagramBytes) return null;
        return new DnsQuestion(
            BinaryPrimitives.ReadUInt16BigEndian(message), name, (DnsType)BinaryPrimitives.ReadUInt16BigEndian(message[at..]),
            BinaryPrimitives.ReadUInt16BigEndian(message[(at + 2)..]), flags, at + 4);
    }

    /// <summary>False where it is malformed; a null name where it is well-formed and no host's.</summary>
    private static bool TryReadName(ReadOnlySpan<byte> message, ref int at, out string? name)
    {
        name = null;
        Span<char> text = stackalloc char[256];
        var (length, jumps, position, end) = (0, 0, at, -1);
        var isHost = true;
        while (true)
        {
            if (position >= message.Length) return false;
            var size = message[position++];
            if (size == 0) break;
            if ((size & 0xc0) == 0xc0)
            {
                if (position >= message.Length || ++jumps > MaxJumps) return false;
                if (end < 0) end = position + 1;
                position = (size & 0x3f) << 8 | message[position];
                continue;
            }

            if (size > 63 || position + size > message.Length || length + size + 1 > 254) return false;
            if (length > 0) text[length++] = '.';
            foreach (var letter in message.Slice(position, size))
            {
                isHost &= char.IsAsciiLetterOrDigit((char)letter) || letter is (byte)'-' or (byte)'_';
                text[length++] = char.ToLowerInvariant((char)letter);
            }

            position += size;
        }

        at = end < 0 ? position : end;
        name = isHost && length > 0 ? new string(text[..length]) : null;
        return true;
    }
}

/// <summary>An answer that has been read.</summary>
/// <param name="Status">Of the server.</param>
/// <param name="IsTruncated">It did not fit; ask again over TCP.</param>
/// <param name="Addresses">Of the name, or of the name it is another name of.</param>
/// <param name="TimeToLive">How long they hold, an hour at most.</param>
internal sealed record DnsAnswer(DnsStatus Status, bool IsTruncated, IReadOnlyList<IPAddress> Addresses, TimeSpan TimeToLive);
