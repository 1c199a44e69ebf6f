namespace MonkeyCoder.Client.Transport;

/// <summary>Reads lines of NDJSON as bytes, without the newline.</summary>
internal sealed class LineReader(Stream stream) : IDisposable
{
    // A result may carry several large images as base64.
    private const int MaxLineBytes = 256 * 1024 * 1024;

    private readonly StreamBuffer _buffer = new(stream, MaxLineBytes);
    private int _consume;

    /// <summary>The line just read; valid until the next read.</summary>
    public ReadOnlyMemory<byte> Line { get; private set; }

    /// <summary>Reads the next line; a last line without a newline counts.</summary>
    /// <returns>False at the end of the stream.</returns>
    public async ValueTask<bool> ReadAsync(CancellationToken cancellationToken)
    {
        _buffer.Consume(_consume);
        _consume = 0;
        var searched = 0;
        while (true)
        {
            var newline = _buffer.Unread.Span[searched..].IndexOf((byte)'\n');
            if (newline >= 0)
            {
                Line = _buffer.Unread[..(searched + newline)];
                _consume = searched + newline + 1;
                return true;
            }

            searched = _buffer.Unread.Length;
            if (await _buffer.FillAsync(cancellationToken).ConfigureAwait(false)) continue;
            Line = _buffer.Unread;
            _consume = searched;
            return searched > 0;
        }
    }

    public void Dispose() => _buffer.Dispose();
}
