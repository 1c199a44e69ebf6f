using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using MonkeyCoder.Contracts.E2b;

namespace MonkeyCoder.Sandbox.E2b.Connect;

/// <summary>
/// The answer of a server stream: envelopes <c>[flags][length, big-endian][JSON]</c>, each flushed. Awaiting a write waits
/// for the client, so that a slow one slows down what it reads and nothing else.
/// </summary>
internal sealed class ConnectStream(HttpContext context)
{
    private const int HeaderBytes = 5;
    private const byte MessageFlags = 0;
    private const byte EndFlags = 2;

    private readonly PipeWriter _writer = context.Response.BodyWriter;

    /// <summary>Sets the headers; they leave with the first envelope.</summary>
    public void Begin()
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/connect+json";
        // A client may stop reading for as long as it likes.
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
    }

    /// <summary>A message that is JSON already.</summary>
    public ValueTask WriteRawAsync(ReadOnlySpan<byte> json) => WriteAsync(MessageFlags, json);

    /// <summary>A message of <paramref name="prefix"/>, the bytes as base64, and <paramref name="suffix"/>, straight into the response's buffer.</summary>
    public ValueTask WriteBase64Async(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> suffix)
    {
        var length = prefix.Length + Base64.GetMaxEncodedToUtf8Length(bytes.Length) + suffix.Length;
        var payload = Reserve(MessageFlags, length);
        prefix.CopyTo(payload);
        Base64.EncodeToUtf8(bytes, payload[prefix.Length..], out _, out var encoded);
        suffix.CopyTo(payload[(prefix.Length + encoded)..]);
        return FlushAsync(length);
    }

    /// <summary>A message of one record.</summary>
    public ValueTask WriteAsync<T>(T value, JsonTypeInfo<T> type) =>
        WriteRawAsync(JsonSerializer.SerializeToUtf8Bytes(value, type));

    /// <summary>The last envelope, with the error that ended the stream.</summary>
    public ValueTask EndAsync(ConnectErrorBody? error) =>
        WriteAsync(EndFlags, JsonSerializer.SerializeToUtf8Bytes(new ConnectEnd(error), E2bJson.Default.ConnectEnd));

    private ValueTask WriteAsync(byte flags, ReadOnlySpan<byte> json)
    {
        json.CopyTo(Reserve(flags, json.Length));
        return FlushAsync(json.Length);
    }

    /// <summary>Writes the envelope's header and gives the room for its payload.</summary>
    private Span<byte> Reserve(byte flags, int length)
    {
        var span = _writer.GetSpan(HeaderBytes + length);
        span[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)length);
        return span.Slice(HeaderBytes, length);
    }

    private async ValueTask FlushAsync(int length)
    {
        _writer.Advance(HeaderBytes + length);
        var result = await _writer.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        if (result.IsCompleted) throw new OperationCanceledException("The client is gone.");
    }
}
