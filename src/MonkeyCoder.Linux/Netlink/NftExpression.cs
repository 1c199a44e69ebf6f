namespace MonkeyCoder.Linux.Netlink;

/// <summary>A piece of a rule: a condition, or what is done with packets that meet all conditions before it.</summary>
public readonly struct NftExpression
{
    // linux/netfilter/nf_tables.h
    private const uint NFT_REG_VERDICT = 0;
    private const uint NFT_REG_1 = 1;
    private const uint NFT_PAYLOAD_NETWORK_HEADER = 1;
    private const uint NFT_PAYLOAD_TRANSPORT_HEADER = 2;
    private const uint NFT_CMP_EQ = 0;
    private const uint NFT_CMP_NEQ = 1;
    private const uint NFT_META_L4PROTO = 16;
    private const uint NFT_LIMIT_F_INV = 1;
    private const uint NF_DROP = 0;
    private const uint NF_ACCEPT = 1;
    private const uint SourceOffset = 12;
    private const uint DestinationOffset = 16;

    private readonly Action<NetlinkWriter> _write;

    private NftExpression(Action<NetlinkWriter> write) => _write = write;

    /// <summary><c>ip saddr 127.0.0.0/8</c></summary>
    public static NftExpression FromLoopback { get; } = Matches(NFT_PAYLOAD_NETWORK_HEADER, SourceOffset, NFT_CMP_EQ, 127);

    /// <summary><c>ip daddr 127.0.0.0/8</c></summary>
    public static NftExpression ToLoopback { get; } = Matches(NFT_PAYLOAD_NETWORK_HEADER, DestinationOffset, NFT_CMP_EQ, 127);

    /// <summary><c>meta l4proto tcp</c></summary>
    public static NftExpression Tcp { get; } = Protocol(6);

    /// <summary><c>meta l4proto udp</c></summary>
    public static NftExpression Udp { get; } = Protocol(17);

    /// <summary><c>accept</c></summary>
    public static NftExpression Accept { get; } = Verdict(NF_ACCEPT);

    /// <summary><c>drop</c>: whoever sends it is told at once.</summary>
    public static NftExpression Drop { get; } = Verdict(NF_DROP);

    /// <summary><c>notrack</c></summary>
    public static NftExpression NoTrack { get; } = new(static writer =>
    {
        var element = writer.BeginNested(1);
        writer.Text(1, "notrack");
        writer.EndNested(element);
    });

    /// <summary><c>th dport</c>, of TCP and UDP.</summary>
    public static NftExpression ToPort(ushort port) =>
        Matches(NFT_PAYLOAD_TRANSPORT_HEADER, 2, NFT_CMP_EQ, (byte)(port >> 8), (byte)port);

    /// <summary><c>th sport !=</c></summary>
    public static NftExpression NotFromPort(ushort port) =>
        Matches(NFT_PAYLOAD_TRANSPORT_HEADER, 0, NFT_CMP_NEQ, (byte)(port >> 8), (byte)port);

    /// <summary><c>limit rate over N/second burst N packets</c></summary>
    public static NftExpression Over(ulong perSecond, uint burst) => Expression("limit", writer =>
    {
        writer.LongNumber(1, perSecond);
        writer.LongNumber(2, 1);
        writer.Number(3, burst);
        writer.Number(4, 0);
        writer.Number(5, NFT_LIMIT_F_INV);
    });

    /// <summary><c>redirect to :PORT</c>, on 127.0.0.1.</summary>
    public static NftExpression Redirect(ushort port) => new(writer =>
    {
        Expression("immediate", inner =>
        {
            inner.Number(1, NFT_REG_1);
            Value(inner, 2, [(byte)(port >> 8), (byte)port]);
        }).Write(writer);
        Expression("redir", static inner =>
        {
            inner.Number(1, NFT_REG_1);
            // NF_NAT_RANGE_PROTO_SPECIFIED
            inner.Number(3, 2);
        }).Write(writer);
    });

    internal void Write(NetlinkWriter writer) => _write(writer);

    private static NftExpression Matches(uint header, uint offset, uint comparison, params byte[] value) => new(writer =>
    {
        Expression("payload", inner =>
        {
            inner.Number(1, NFT_REG_1);
            inner.Number(2, header);
            inner.Number(3, offset);
            inner.Number(4, (uint)value.Length);
        }).Write(writer);
        Compare(comparison, value).Write(writer);
    });

    private static NftExpression Protocol(byte number) => new(writer =>
    {
        Expression("meta", static inner =>
        {
            inner.Number(2, NFT_META_L4PROTO);
            inner.Number(1, NFT_REG_1);
        }).Write(writer);
        Compare(NFT_CMP_EQ, [number]).Write(writer);
    });

    private static NftExpression Compare(uint comparison, byte[] value) => Expression("cmp", inner =>
    {
        inner.Number(1, NFT_REG_1);
        inner.Number(2, comparison);
        Value(inner, 3, value);
    });

    private static NftExpression Verdict(uint code) => Expression("immediate", inner =>
    {
        inner.Number(1, NFT_REG_VERDICT);
        var data = inner.BeginNested(2);
        var verdict = inner.BeginNested(2);
        inner.Number(1, code);
        inner.EndNested(verdict);
        inner.EndNested(data);
    });

    private static void Value(NetlinkWriter writer, ushort type, ReadOnlySpan<byte> value)
    {
        var data = writer.BeginNested(type);
        writer.Attribute(1, value);
        writer.EndNested(data);
    }

    private static NftExpression Expression(string name, Action<NetlinkWriter> attributes) => new(writer =>
    {
        var element = writer.BeginNested(1);
        writer.Text(1, name);
        var data = writer.BeginNested(2);
        attributes(writer);
        writer.EndNested(data);
        writer.EndNested(element);
    });
}
