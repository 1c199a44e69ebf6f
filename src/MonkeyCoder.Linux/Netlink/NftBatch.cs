namespace MonkeyCoder.Linux.Netlink;

/// <summary>
/// One table of nf_tables for IPv4, written as the batch that <c>nft</c> would send for it: all of it takes effect, or none.
/// </summary>
/// <remarks>linux/netfilter/nf_tables.h, linux/netfilter/nfnetlink.h. The tests compare it with what nft sends.</remarks>
public sealed class NftBatch
{
    private const ushort NFNL_MSG_BATCH_BEGIN = 0x10;
    private const ushort NFNL_MSG_BATCH_END = 0x11;
    private const ushort NFT_MSG_NEWTABLE = 0xa00;
    private const ushort NFT_MSG_NEWCHAIN = 0xa03;
    private const ushort NFT_MSG_NEWRULE = 0xa06;
    private const ushort NLM_F_CREATE = 0x400;
    private const ushort NLM_F_APPEND = 0x800;
    private const uint NF_INET_LOCAL_OUT = 3;

    // struct nfgenmsg: family, version, resource in network order. The resource of a batch is the subsystem, nf_tables.
    private static ReadOnlySpan<byte> Batch => [0, 0, 0, 10];
    private static ReadOnlySpan<byte> Ipv4 => [2, 0, 0, 0];

    private readonly NetlinkWriter _writer = new();
    private readonly string _table;

    /// <summary>Starts with the table, which must not exist.</summary>
    public NftBatch(string table)
    {
        _table = table;
        _writer.BeginMessage(NFNL_MSG_BATCH_BEGIN, 0, Batch);
        _writer.EndMessage();
        _writer.BeginMessage(NFT_MSG_NEWTABLE, 0x200 | NLM_F_CREATE, Ipv4);
        _writer.Text(1, table);
        _writer.Number(2, 0);
        _writer.EndMessage();
    }

    /// <summary>A chain that sees what processes of the namespace send.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">filter or nat.</param>
    /// <param name="priority">Lower ones come first: -300 before connection tracking, -100 where destinations are changed, 0 filters.</param>
    /// <param name="accepts">What happens to packets that no rule decides on.</param>
    public void OutputChain(string name, string type, int priority, bool accepts)
    {
        _writer.BeginMessage(NFT_MSG_NEWCHAIN, NLM_F_CREATE, Ipv4);
        _writer.Text(1, _table);
        _writer.Text(3, name);
        _writer.Text(7, type);
        _writer.Number(5, accepts ? 1u : 0);
        var hook = _writer.BeginNested(4);
        _writer.Number(1, NF_INET_LOCAL_OUT);
        _writer.Number(2, (uint)priority);
        _writer.EndNested(hook);
        _writer.EndMessage();
    }

    /// <summary>A rule at the end of a chain.</summary>
    public void Rule(string chain, params ReadOnlySpan<NftExpression> expressions)
    {
        _writer.BeginMessage(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, Ipv4);
        WriteRule(chain, expressions);
    }

    /// <summary>The last rule of the batch; the batch is complete then.</summary>
    /// <returns>The messages, and the number of the one that the kernel acknowledges.</returns>
    public (ReadOnlyMemory<byte> Messages, uint LastSequence) LastRule(string chain, params ReadOnlySpan<NftExpression> expressions)
    {
        _writer.BeginMessage(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND | NetlinkWriter.Acknowledge, Ipv4);
        WriteRule(chain, expressions);
        var last = _writer.Sequence;
        _writer.BeginMessage(NFNL_MSG_BATCH_END, 0, Batch);
        _writer.EndMessage();
        return (_writer.Written, last);
    }

    private void WriteRule(string chain, ReadOnlySpan<NftExpression> expressions)
    {
        _writer.Text(1, _table);
        _writer.Text(2, chain);
        var list = _writer.BeginNested(4);
        foreach (var expression in expressions) expression.Write(_writer);
        _writer.EndNested(list);
        _writer.EndMessage();
    }
}
