using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class ClientHelloTests
{
    [Fact]
    public void Read_EveryPrefix_IsIncompleteUntilAllIsThere()
    {
        var hello = ClientHelloBytes.Make("files.pypi.org");
        for (var length = 0; length < hello.Length; length++)
            Assert.Equal(HelloState.Incomplete, ClientHello.Read(hello.AsSpan(0, length), out _));

        Assert.Equal(HelloState.Complete, ClientHello.Read(hello, out var name));
        Assert.Equal("files.pypi.org", name);
    }

    [Fact]
    public void Read_SpreadOverRecords_IsPutTogether()
    {
        var message = ClientHelloBytes.Make("example.com")[5..];
        byte[] spread = [.. message.SelectMany(static part => new byte[] { 22, 3, 1, 0, 1, part })];

        Assert.Equal(HelloState.Complete, ClientHello.Read(spread, out var name));
        Assert.Equal("example.com", name);
    }

    [Fact]
    public void Read_NoName_IsComplete()
    {
        Assert.Equal(HelloState.Complete, ClientHello.Read(ClientHelloBytes.Make(), out var name));
        Assert.Null(name);
    }

    [Theory]
    [InlineData("example.com", "evil.org")]
    [InlineData("exam ple.com")]
    [InlineData("example.com\0")]
    public void Read_NamesThatCouldBeReadInTwoWays_IsMalformed(params string[] names) =>
        Assert.Equal(HelloState.Malformed, ClientHello.Read(ClientHelloBytes.Make(names), out _));

    [Fact]
    public void Read_AnyByteChanged_NeverThrows()
    {
        var hello = ClientHelloBytes.Make("example.com");
        for (var at = 0; at < hello.Length; at++)
        {
            for (var value = 0; value < 256; value += 5)
            {
                var changed = hello.ToArray();
                changed[at] = (byte)value;
                Assert.True(Enum.IsDefined(ClientHello.Read(changed, out _)));
            }
        }
    }

    [Fact]
    public void Read_LongerThanIsLookedAt_IsMalformed() =>
        Assert.Equal(HelloState.Malformed, ClientHello.Read([22, 3, 1, 0, 4, 1, 1, 0, 0], out _));
}
