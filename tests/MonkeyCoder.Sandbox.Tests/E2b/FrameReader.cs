using System.Buffers.Binary;
using System.Text;

namespace MonkeyCoder.Sandbox.Tests.E2b;

/// <summary>Reads the envelopes of a Connect stream, byte by byte as the protocol has them.</summary>
internal sealed class FrameReader(HttpResponseMessage response) : IDisposable
{
    private const int HeaderBytes = 5;
    private Stream? _stream;

    public HttpResponseMessage Response => response;

    public static byte[] Envelope(string json)
    {
        var payload = Encoding.UTF8.GetBytes(json);
        var envelope = new byte[HeaderBytes + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(envelope.AsSpan(1), (uint)payload.Length);
        payload.CopyTo(envelope, HeaderBytes);
        return envelope;
    }

    /// <summary>The next envelope: its flags and its JSON.</summary>
    public async Task<(byte Flags, string Json)> NextAsync()
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        _stream ??= await response.Content.ReadAsStreamAsync(deadline.Token);
        var header = new byte[HeaderBytes];
        await _stream.ReadExactlyAsync(header, deadline.Token);
        var payload = new byte[BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(1))];
        await _stream.ReadExactlyAsync(payload, deadline.Token);
        return (header[0], Encoding.UTF8.GetString(payload));
    }

    /// <summary>The next envelope is this message.</summary>
    public async Task ExpectAsync(string json) => Assert.Equal((0, json), await NextAsync());

    /// <summary>The next envelope is the last, and the response ends after it.</summary>
    public async Task ExpectEndAsync(string json)
    {
        Assert.Equal((2, json), await NextAsync());
        Assert.Equal(0, await _stream!.ReadAsync(new byte[1], TestContext.Current.CancellationToken));
    }

    public void Dispose()
    {
        _stream?.Dispose();
        response.Dispose();
    }
}
