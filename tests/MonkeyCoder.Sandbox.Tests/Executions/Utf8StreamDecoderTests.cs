using System.Text;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Tests.Executions;

public sealed class Utf8StreamDecoderTests
{
    private const string Sample = "aé€😀\nü";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(100)]
    public void Decode_CharactersSplitAtEveryPlace_AreJoined(int chunk)
    {
        var (text, decoder) = Decode(Encoding.UTF8.GetBytes(Sample), chunk);

        Assert.Equal(Sample, text);
        Assert.Equal(0, decoder.InvalidBytes);
        Assert.Equal(-1, decoder.FirstInvalidOffset);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void Decode_AnyBytes_GiveWhatTheFrameworkGives(int chunk)
    {
        var bytes = new byte[4096];
        new Random(1).NextBytes(bytes);

        var (text, _) = Decode(bytes, chunk);

        Assert.Equal(Encoding.UTF8.GetString(bytes), text);
    }

    [Fact]
    public void Decode_InvalidBytes_AreCountedFromTheFirst()
    {
        var (text, decoder) = Decode([(byte)'a', (byte)'b', 0xFF, (byte)'c', 0xE2, 0x82, (byte)'d'], 1);

        Assert.Equal("ab\uFFFDc\uFFFDd", text);
        Assert.Equal(2, decoder.FirstInvalidOffset);
        Assert.Equal(3, decoder.InvalidBytes);
    }

    [Fact]
    public void Finish_UnfinishedCharacter_IsReplaced()
    {
        var (text, decoder) = Decode([(byte)'a', 0xF0, 0x9F, 0x98], 4);

        Assert.Equal("a\uFFFD", text);
        Assert.Equal(1, decoder.FirstInvalidOffset);
        Assert.Equal(3, decoder.InvalidBytes);
    }

    private static (string Text, Utf8StreamDecoder Decoder) Decode(byte[] bytes, int chunk)
    {
        var decoder = new Utf8StreamDecoder();
        var text = new StringBuilder();
        foreach (var part in bytes.Chunk(chunk)) decoder.Decode(part, text);
        decoder.Finish(text);
        return (text.ToString(), decoder);
    }
}
