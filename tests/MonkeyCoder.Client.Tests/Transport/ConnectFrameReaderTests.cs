using System.Text;
using MonkeyCoder.Client.Transport;

namespace MonkeyCoder.Client.Tests.Transport;

public sealed class ConnectFrameReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1 << 20)]
    public async Task ReadAsync_AnySplit_YieldsEveryFrame(int chunk)
    {
        byte[] bytes = [.. Frame(0, "one"), .. Frame(0, ""), .. Frame(0, new string('x', 100_000)), .. Frame(2, "{}")];
        using var reader = new ConnectFrameReader(new ChunkedStream(bytes, chunk));
        List<string> payloads = [];
        var ends = 0;
        while (await reader.ReadAsync(Token))
        {
            payloads.Add(Encoding.UTF8.GetString(reader.Payload.Span));
            if (reader.IsEnd) ends++;
        }

        Assert.Equal(["one", "", new string('x', 100_000), "{}"], payloads);
        Assert.Equal(1, ends);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    public async Task ReadAsync_EndInsideFrame_Throws(int length)
    {
        using var reader = new ConnectFrameReader(new MemoryStream(Frame(0, "hello")[..length]));
        await Assert.ThrowsAsync<IOException>(async () => await reader.ReadAsync(Token));
    }

    [Fact]
    public async Task ReadAsync_CompressedFrame_Throws()
    {
        using var reader = new ConnectFrameReader(new MemoryStream(Frame(1, "hello")));
        var exception = await Assert.ThrowsAsync<SandboxApiException>(async () => await reader.ReadAsync(Token));
        Assert.Equal("protocol_error", exception.Code);
    }

    [Fact]
    public async Task ReadAsync_LengthOverLimit_ThrowsBeforeReadingIt()
    {
        using var reader = new ConnectFrameReader(new MemoryStream([0, 0xff, 0xff, 0xff, 0xff]));
        var exception = await Assert.ThrowsAsync<SandboxApiException>(async () => await reader.ReadAsync(Token));
        Assert.Equal("protocol_error", exception.Code);
    }

    private static byte[] Frame(byte flags, string payload)
    {
        var bytes = Encoding.UTF8.GetBytes(payload);
        return [flags, (byte)(bytes.Length >> 24), (byte)(bytes.Length >> 16), (byte)(bytes.Length >> 8), (byte)bytes.Length, .. bytes];
    }
}
