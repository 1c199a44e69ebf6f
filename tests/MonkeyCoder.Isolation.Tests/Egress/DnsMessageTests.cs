using System.Net;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class DnsMessageTests
{
    private static readonly byte[] Query = DnsMessage.WriteQuery(0x1234, "files.pypi.org", DnsType.A);

    [Fact]
    public void WriteAnswer_OfAQuery_IsReadBack()
    {
        var question = DnsMessage.ReadQuery(Query);
        Assert.NotNull(question);
        Assert.Equal(("files.pypi.org", DnsType.A), (question.Name, question.Type));

        var bytes = DnsMessage.WriteAnswer(Query, question, DnsStatus.Ok, [IPAddress.Parse("1.2.3.4"), IPAddress.Parse("5.6.7.8")], TimeSpan.FromSeconds(30));
        var answer = DnsMessage.ReadAnswer(bytes, 0x1234, "files.pypi.org", DnsType.A);

        Assert.NotNull(answer);
        Assert.Equal(["1.2.3.4", "5.6.7.8"], answer.Addresses.Select(address => address.ToString()));
        Assert.Equal(TimeSpan.FromSeconds(30), answer.TimeToLive);
        Assert.Null(DnsMessage.ReadAnswer(bytes, 0x1235, "files.pypi.org", DnsType.A));
        Assert.Null(DnsMessage.ReadAnswer(bytes, 0x1234, "other.pypi.org", DnsType.A));
        Assert.Null(DnsMessage.ReadQuery(bytes));
    }

    [Fact]
    public void WriteAnswer_MoreAddressesThanFit_StaysADatagram()
    {
        var question = DnsMessage.ReadQuery(Query)!;

        var bytes = DnsMessage.WriteAnswer(Query, question, DnsStatus.Ok, [.. Enumerable.Range(1, 200).Select(i => new IPAddress([1, 1, 1, (byte)i]))], TimeSpan.Zero);

        Assert.InRange(bytes.Length, 400, DnsMessage.MaxDatagramBytes);
        Assert.Equal((bytes.Length - question.End) / 16, DnsMessage.ReadAnswer(bytes, 0x1234, "files.pypi.org", DnsType.A)!.Addresses.Count);
    }

    [Fact]
    public void ReadAnswer_OtherName_IsFollowed()
    {
        // files.pypi.org is another name of a.b, which has 9.8.7.6; and evil.org has 6.6.6.6, which nobody asked for.
        byte[] answer =
        [
            .. Query.AsSpan(0, 2), 0x81, 0x80, 0, 1, 0, 3, 0, 0, 0, 0, .. Query.AsSpan(12),
            0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 5, 1, (byte)'a', 1, (byte)'b', 0,
            1, (byte)'a', 1, (byte)'b', 0, 0, 1, 0, 1, 0, 0, 0, 20, 0, 4, 9, 8, 7, 6,
            4, .. "evil"u8, 3, .. "org"u8, 0, 0, 1, 0, 1, 0, 0, 0, 20, 0, 4, 6, 6, 6, 6,
        ];

        var read = DnsMessage.ReadAnswer(answer, 0x1234, "files.pypi.org", DnsType.A);

        Assert.Equal(["9.8.7.6"], read!.Addresses.Select(address => address.ToString()));
        Assert.Equal(TimeSpan.FromSeconds(20), read.TimeToLive);
    }

    [Theory]
    [InlineData(new byte[] { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 12, 0, 1, 0, 1 })]
    [InlineData(new byte[] { 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x3f, 1 })]
    [InlineData(new byte[] { 0, 1, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 97, 0, 0, 1, 0, 1 })]
    [InlineData(new byte[] { 0, 1, 1 })]
    public void ReadQuery_Hostile_IsNone(byte[] message) => Assert.Null(DnsMessage.ReadQuery(message));

    [Fact]
    public void Read_AnyByteChanged_NeverThrows()
    {
        var answer = DnsMessage.WriteAnswer(Query, DnsMessage.ReadQuery(Query)!, DnsStatus.Ok, [IPAddress.Parse("1.2.3.4")], TimeSpan.Zero);
        for (var at = 0; at < answer.Length; at++)
        {
            for (var value = 0; value < 256; value++)
            {
                var changed = answer.ToArray();
                changed[at] = (byte)value;
                _ = DnsMessage.ReadAnswer(changed, 0x1234, "files.pypi.org", DnsType.A);
                changed[2] = 1;
                Assert.True(DnsMessage.ReadQuery(changed) is not { } query || query.End <= changed.Length);
            }
        }
    }

    [Fact]
    public void ReadQuery_NameThatIsNoHosts_HasNone()
    {
        var query = DnsMessage.ReadQuery([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, (byte)'a', (byte)'.', (byte)'b', 0, 0, 1, 0, 1]);

        Assert.NotNull(query);
        Assert.Null(query.Name);
    }
}
