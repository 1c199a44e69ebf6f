using System.Buffers.Binary;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using MonkeyCoder.Contracts.E2b;

namespace MonkeyCoder.Sandbox.E2b.Connect;

/// <summary>
/// The answer of a server stream: envelopes <c>[flags][length, big-endian][JSON]</c>. Those that follow each other at once
/// are sent together. Awaiting a write waits for the client, so that a slow one slows down what it reads and nothing else.
/// </summary>
internal sealed class ConnectStream(HttpContext context)
{
    private const int HeaderBytes = 5;
    /// <summary>Envelopes of so many bytes together are sent without waiting for the next.</summary>
    private const int MaxHeldBytes = 32 * 1024;

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
    public ValueTask WriteRawAsync(ReadOnlySpan<byte> json)
    {
        Append(MessageFlags, json);
        return FlushIfManyAsync();
    }

    /// <summary>As <see cref="WriteRawAsync"/>, and sent at once.</summary>
    public ValueTask SendRawAsync(ReadOnlySpan<byte> json)
    {
        Append(MessageFlags, json);
        return FlushAsync();
    }

    /// <summary>A message of <paramref name="prefix"/>, the bytes as base64, and <paramref name="suffix"/>, straight into the response's buffer.</summary>
    public ValueTask WriteBase64Async(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> suffix)
    {
        var length = prefix.Length + Base64.GetMaxEncodedToUtf8Length(bytes.Length) + suffix.Length;
        var payload = Reserve(MessageFlags, length);
        prefix.CopyTo(payload);
        Base64.EncodeToUtf8(bytes, payload[prefix.Length..], out _, out var encoded);
        suffix.CopyTo(payload[(prefix.Length + encoded)..]);
        _writer.Advance(HeaderBytes + length);
        return FlushIfManyAsync();
    }

    /// <summary>A message of one record.</summary>
    public ValueTask WriteAsync<T>(T value, JsonTypeInfo<T> type) =>
        WriteRawAsync(JsonSerializer.SerializeToUtf8Bytes(value, type));

    /// <summary>The last envelope, with the error that ended the stream.</summary>
    public ValueTask EndAsync(ConnectErrorBody? error)
    {
        Append(EndFlags, JsonSerializer.SerializeToUtf8Bytes(new ConnectEnd(error), E2bJson.Default.ConnectEnd));
        return FlushAsync();
    }

    /// <summary>Sends what has been written.</summary>
    public async ValueTask FlushAsync()
    {
        var result = await _writer.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        if (result.IsCompleted) throw new OperationCanceledException("The client is gone.");
    }

    private void Append(byte flags, ReadOnlySpan<byte> json)
    {
        json.CopyTo(Reserve(flags, json.Length));
        _writer.Advance(HeaderBytes + json.Length);
    }

    /// <summary>Writes the envelope's header and gives the room for its payload.</summary>
    private Span<byte> Reserve(byte flags, int length)
    {
        var span = _writer.GetSpan(HeaderBytes + length);
        span[0] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(span[1..], (uint)length);
        return span.Slice(HeaderBytes, length);
    }

    private ValueTask FlushIfManyAsync() => _writer.UnflushedBytes < MaxHeldBytes ? ValueTask.CompletedTask : FlushAsync();
}
