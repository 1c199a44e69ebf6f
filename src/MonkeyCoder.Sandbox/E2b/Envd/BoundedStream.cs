namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>More came than was announced.</summary>
internal sealed class BoundReachedException : IOException;

/// <summary>
/// Passes on the first bytes of a file, as many as its length was said to be, and then stops its writer: a file may grow
/// while it is read.
/// </summary>
internal sealed class BoundedStream(Stream inner, long length) : Stream
{
    private long _left = length;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var fits = (int)Math.Min(buffer.Length, _left);
        await inner.WriteAsync(buffer[..fits], cancellationToken).ConfigureAwait(false);
        _left -= fits;
        if (fits < buffer.Length) throw new BoundReachedException();
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
