using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace MonkeyCoder.Sandbox.Tests.E2b;

/// <summary>A response that keeps its body and counts how often it was sent on.</summary>
internal sealed class CountingBody : IHttpResponseBodyFeature, IDisposable
{
    private readonly MemoryStream _body = new();
    private readonly CountingWriter _writer;

    public CountingBody() => _writer = new CountingWriter(PipeWriter.Create(_body));

    public int Flushes => _writer.Flushes;

    public byte[] Sent => _body.ToArray();

    public Stream Stream => _body;

    public PipeWriter Writer => _writer;

    /// <summary>A request whose response this is.</summary>
    public DefaultHttpContext NewContext()
    {
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseBodyFeature>(this);
        return context;
    }

    public void Dispose() => _body.Dispose();

    public Task CompleteAsync() => Task.CompletedTask;

    public void DisableBuffering()
    {
    }

    public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

    public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;

    private sealed class CountingWriter(PipeWriter inner) : PipeWriter
    {
        public int Flushes { get; private set; }

        public override bool CanGetUnflushedBytes => true;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override void Advance(int bytes) => inner.Advance(bytes);

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Flushes++;
            return inner.FlushAsync(cancellationToken);
        }

        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
    }
}
