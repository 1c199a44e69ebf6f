using System.Text;
using MonkeyCoder.Agent.Kernels;

namespace MonkeyCoder.Agent.Tests.Kernels;

public sealed class DriverParserTests
{
    private const string Session = "ready\nmessage count 5\n{\"a\"}message result 0\nmessage error 3\n\n\n\nidle\n";

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Feed_InPiecesOfAnySize_MeansTheSame(int size)
    {
        var listener = new Recorder();
        var parser = new DriverParser(listener);
        foreach (var piece in Encoding.ASCII.GetBytes(Session).Chunk(size)) parser.Feed(piece);
        Assert.Equal("ready|count:{\"a\"}|result:|error:\n\n\n|idle|", listener.Text.ToString());
    }

    [Theory]
    [InlineData("READY\n")]
    [InlineData("idle \n")]
    [InlineData("message result\n")]
    [InlineData("message result -1\n")]
    [InlineData("message result 1x\n")]
    [InlineData("message result 67108865\n")]
    [InlineData("message result 99999999999999999999\n")]
    [InlineData("message  5\n")]
    [InlineData("message Result 5\n")]
    [InlineData("message re/sult 5\n")]
    [InlineData("\n")]
    public void Feed_WhatIsNotTheProtocol_Throws(string bytes) =>
        Assert.Throws<InvalidDataException>(() => new DriverParser(new Recorder()).Feed(Encoding.ASCII.GetBytes(bytes)));

    [Fact]
    public void Feed_HeaderWithoutEnd_ThrowsAtItsBound() =>
        Assert.Throws<InvalidDataException>(() => new DriverParser(new Recorder()).Feed(new byte[DriverParser.MaxHeaderBytes]));

    private sealed class Recorder : IDriverListener
    {
        public StringBuilder Text { get; } = new();

        public void OnReady() => Text.Append("ready|");

        public void OnIdle() => Text.Append("idle|");

        public void OnMessage(string kind, ReadOnlySpan<byte> piece, bool first, bool more)
        {
            if (first) Text.Append(kind).Append(':');
            Text.Append(Encoding.ASCII.GetString(piece));
            if (!more) Text.Append('|');
        }
    }
}
