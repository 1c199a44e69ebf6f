using MonkeyCoder.Linux.Netlink;

namespace MonkeyCoder.Linux.Tests.Netlink;

public sealed class NftBatchTests
{
    // What nft 1.0.6 sends for this, in the order of its messages: as strace shows its sendmsg.
    //   table ip t { chain c { type nat hook output priority -100; policy accept; meta l4proto tcp redirect to :3127 } }
    private const string SentByNft = """
        140000001000010000000000000000000000000a
        24000000000a0100010000000000000002000000060001007400000008000200 00000000
        48000000030a0104020000000000000002000000060001007400000006000300 63000000080007006e6174000800050000000001140004800800010000000003
        08000200ffffff9c
        c8000000060a010c030000000000000002000000060001007400000006000200 63000000a400048024000180090001006d657461000000001400028008000200
        0000001008000100000000012c00018008000100636d70002000028008000100 0000000108000200000000000c00038005000100060000002c0001800e000100
        696d6d6564696174650000001800028008000100000000010c00028006000100 0c370000240001800a0001007265646972000000140002800800010000000001
        0800030000000002
        140000001100010004000000000000000000000a
        """;

    [Fact]
    public void LastRule_OfATable_IsWhatNftSends()
    {
        var batch = new NftBatch("t");
        batch.OutputChain("c", "nat", -100, accepts: true);

        var (messages, last) = batch.LastRule("c", NftExpression.Tcp, NftExpression.Redirect(3127));

        Assert.Equal(4u, last);
        Assert.Equal(Normal(Convert.FromHexString(string.Concat(SentByNft.Where(char.IsAsciiHexDigit)))), Normal(messages.ToArray()));
    }

    // Flags and sequence numbers are ours: nft asks for no acknowledgement and counts from 0.
    private static string[] Normal(byte[] batch)
    {
        var messages = new List<string>();
        for (var at = 0; at < batch.Length; at += BitConverter.ToInt32(batch, at))
        {
            var message = batch[at..(at + BitConverter.ToInt32(batch, at))];
            message.AsSpan(6, 6).Clear();
            messages.Add(Convert.ToHexString(message));
        }

        return [.. messages];
    }
}
