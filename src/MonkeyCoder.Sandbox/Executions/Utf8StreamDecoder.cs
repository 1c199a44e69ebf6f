using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// Decodes one byte stream that arrives in chunks: characters split between chunks are joined, bytes that are no UTF-8
/// become U+FFFD (one per maximal invalid part, as Unicode recommends) and are counted.
/// </summary>
internal sealed class Utf8StreamDecoder
{
    private const int BlockChars = 8192;

    // The beginning of a character whose end has not come yet.
    private readonly byte[] _carry = new byte[4];
    private int _carried;
    private long _position;

    /// <summary>Where the first invalid byte stands in the stream; -1 where there is none.</summary>
    public long FirstInvalidOffset { get; private set; } = -1;

    /// <summary>Bytes that were replaced.</summary>
    public long InvalidBytes { get; private set; }

    /// <summary>Decodes a chunk; an unfinished character at its end waits for the next.</summary>
    public void Decode(ReadOnlySpan<byte> bytes, StringBuilder text)
    {
        bytes = CompleteCarried(bytes, text);
        var chars = ArrayPool<char>.Shared.Rent(BlockChars);
        try
        {
            while (bytes.Length > 0)
            {
                var status = Utf8.ToUtf16(
                    bytes, chars, out var read, out var written, replaceInvalidSequences: false, isFinalBlock: false);
                text.Append(chars.AsSpan(0, written));
                Advance(ref bytes, read);
                if (status == OperationStatus.NeedMoreData)
                {
                    bytes.CopyTo(_carry);
                    _carried = bytes.Length;
                    return;
                }

                if (status == OperationStatus.InvalidData)
                {
                    Rune.DecodeFromUtf8(bytes, out _, out var invalid);
                    Replace(invalid, text);
                    bytes = bytes[invalid..];
                }
            }
        }
        finally
        {
            ArrayPool<char>.Shared.Return(chars);
        }
    }

    /// <summary>The stream is over: a character that was never completed is replaced.</summary>
    public void Finish(StringBuilder text)
    {
        if (_carried > 0) Replace(_carried, text);
        _carried = 0;
    }

    private ReadOnlySpan<byte> CompleteCarried(ReadOnlySpan<byte> bytes, StringBuilder text)
    {
        while (_carried > 0 && bytes.Length > 0)
        {
            _carry[_carried] = bytes[0];
            var status = Rune.DecodeFromUtf8(_carry.AsSpan(0, _carried + 1), out var rune, out _);
            if (status == OperationStatus.InvalidData)
            {
                // What was carried was a good beginning, so it is the invalid part; the new byte begins afresh.
                Replace(_carried, text);
                _carried = 0;
                break;
            }

            bytes = bytes[1..];
            _carried++;
            if (status != OperationStatus.Done) continue;
            text.Append(rune);
            _position += _carried;
            _carried = 0;
        }

        return bytes;
    }

    private void Advance(ref ReadOnlySpan<byte> bytes, int count)
    {
        bytes = bytes[count..];
        _position += count;
    }

    private void Replace(int count, StringBuilder text)
    {
        if (FirstInvalidOffset < 0) FirstInvalidOffset = _position;
        InvalidBytes += count;
        _position += count;
        text.Append('\uFFFD');
    }
}
