using System.Buffers.Binary;
using System.Text;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.E2b.CodeInterpreter;
using MonkeyCoder.Sandbox.E2b.Connect;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Tests.E2b;

/// <summary>Events that follow each other at once are sent together, and none is lost.</summary>
public sealed class AnswerFlushTests
{
    private const int Events = 10_000;

    [Fact]
    public async Task Ndjson_ManySmallEvents_AreSentInFewPieces()
    {
        using var body = new CountingBody();
        var context = body.NewContext();
        using var writer = new NdjsonWriter(context);
        await writer.BeginAsync();
        for (var i = 0; i < Events; i++)
            Assert.True(await writer.WriteResultAsync(new CellResult(Encoding.ASCII.GetBytes($$"""{"text":"{{i}}"}"""))));
        await writer.WriteEndAsync();
        await writer.FlushAsync();

        var lines = Encoding.ASCII.GetString(body.Sent).Split('\n');
        Assert.Equal(Enumerable.Range(0, Events).Select(i => $$"""{"type":"result","text":"{{i}}"}"""), lines[..Events]);
        Assert.Equal(["""{"type":"end_of_execution"}""", ""], lines[Events..]);
        Assert.InRange(body.Flushes, 2, Events / 100);
    }

    [Fact]
    public async Task Ndjson_AfterAFlush_NothingIsHeld()
    {
        using var body = new CountingBody();
        var context = body.NewContext();
        using var writer = new NdjsonWriter(context);
        await writer.BeginAsync();
        await writer.WriteTextAsync(new CellText(OutputChannel.Stdout, "a", DateTimeOffset.UnixEpoch));
        Assert.Empty(body.Sent);

        await writer.FlushAsync();

        Assert.EndsWith("}\n", Encoding.ASCII.GetString(body.Sent), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connect_ManySmallEnvelopes_AreSentInFewPieces()
    {
        using var body = new CountingBody();
        var context = body.NewContext();
        var stream = new ConnectStream(context);
        stream.Begin();
        for (var i = 0; i < Events; i++) await stream.WriteRawAsync(Encoding.ASCII.GetBytes($"{i}"));
        await stream.EndAsync(error: null);

        var rest = body.Sent.AsSpan();
        for (var i = 0; i < Events; i++)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(rest[1..]);
            Assert.Equal($"{i}", Encoding.ASCII.GetString(rest.Slice(5, length)));
            rest = rest[(5 + length)..];
        }

        Assert.Equal(2, rest[0]);
        Assert.InRange(body.Flushes, 2, Events / 100);
    }

    [Fact]
    public async Task Connect_Keepalive_IsSentAtOnce()
    {
        using var body = new CountingBody();
        var context = body.NewContext();
        var stream = new ConnectStream(context);
        stream.Begin();

        await stream.SendRawAsync("{}"u8);

        Assert.Equal(7, body.Sent.Length);
    }
}
