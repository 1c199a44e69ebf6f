using System.Buffers.Text;
using System.Text;

namespace MonkeyCoder.Agent.Kernels;

/// <summary>What a driver says: <c>templates/base/kernels/PROTOCOL.md</c>, driver to agent.</summary>
internal interface IDriverListener
{
    void OnReady();

    /// <summary>A piece of a message's body; <paramref name="more"/> is false on the last. Pieces of a message are not mixed with anything.</summary>
    void OnMessage(string kind, ReadOnlySpan<byte> piece, bool first, bool more);

    void OnIdle();
}

/// <summary>
/// Cuts a driver's bytes into messages, as they come. Holds one header line at most; bodies pass through.
/// </summary>
internal sealed class DriverParser(IDriverListener listener)
{
    /// <summary>Longest header line, with its end.</summary>
    public const int MaxHeaderBytes = 256;

    /// <summary>Largest body of a message: 64 MiB.</summary>
    public const int MaxBodyBytes = 64 * 1024 * 1024;

    private const int MaxKindBytes = 32;

    private readonly byte[] _header = new byte[MaxHeaderBytes];
    private int _headerLength;
    private string _kind = "";
    private bool _first;
    private int _left = -1;

    /// <exception cref="InvalidDataException">This is not the protocol.</exception>
    public void Feed(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_left >= 0)
            {
                var piece = bytes[..Math.Min(bytes.Length, _left)];
                bytes = bytes[piece.Length..];
                Pass(piece);
                continue;
            }

            var end = bytes.IndexOf((byte)'\n');
            var part = end < 0 ? bytes : bytes[..end];
            if (_headerLength + part.Length >= MaxHeaderBytes) throw new InvalidDataException("a header line is too long");
            part.CopyTo(_header.AsSpan(_headerLength));
            _headerLength += part.Length;
            if (end < 0) return;
            bytes = bytes[(end + 1)..];
            var header = _header.AsSpan(0, _headerLength);
            _headerLength = 0;
            TakeHeader(header);
        }
    }

    private void TakeHeader(ReadOnlySpan<byte> header)
    {
        if (header.SequenceEqual("ready"u8))
        {
            listener.OnReady();
        }
        else if (header.SequenceEqual("idle"u8))
        {
            listener.OnIdle();
        }
        else if (header.StartsWith("message "u8))
        {
            var rest = header["message "u8.Length..];
            var space = rest.IndexOf((byte)' ');
            if (space is < 1 or > MaxKindBytes || rest[..space].ContainsAnyExceptInRange((byte)'a', (byte)'z'))
                throw new InvalidDataException("a message has no kind");
            var digits = rest[(space + 1)..];
            if (!Utf8Parser.TryParse(digits, out int length, out var used) || used != digits.Length || length is < 0 or > MaxBodyBytes)
                throw new InvalidDataException("a message has no length, or is too long");
            _kind = Encoding.ASCII.GetString(rest[..space]);
            _first = true;
            _left = length;
            if (length == 0) Pass([]);
        }
        else
        {
            throw new InvalidDataException("a header line says nothing known");
        }
    }

    private void Pass(ReadOnlySpan<byte> piece)
    {
        _left -= piece.Length;
        var (first, more) = (_first, _left > 0);
        _first = false;
        if (!more) _left = -1;
        listener.OnMessage(_kind, piece, first, more);
    }
}
