using MonkeyCoder.Linux.Netlink;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// What the kernel is told about the network namespace of a sandbox; the same for all of them. Every TCP connection ends at
/// the gateway and every DNS query at its resolver, whatever address they were meant for; loopback stays as it is; all else
/// fails at once.
/// </summary>
internal static class EgressRules
{
    /// <summary>Where redirected TCP connections arrive, on 127.0.0.1.</summary>
    public const ushort TransparentPort = 3127;

    /// <summary>The explicit proxy, on 127.0.0.1.</summary>
    public const ushort ProxyPort = 3128;

    /// <summary>DNS over UDP and TCP, on 127.0.0.1.</summary>
    public const ushort DnsPort = 53;

    // Each new flow costs an entry of the kernel's connection tracking, which nobody is charged for and which lives on for
    // two minutes. Well above what the gateway itself admits; what is over it is tried again by TCP.
    private const ulong NewFlowsPerSecond = 100;
    private const uint NewFlowsBurst = 400;

    private static readonly Lazy<(ReadOnlyMemory<byte> Messages, uint LastSequence)> LazyRoutes = new(WriteRoutes);
    private static readonly Lazy<(ReadOnlyMemory<byte> Messages, uint LastSequence)> LazyFilter = new(WriteFilter);

    /// <summary>lo is up, has an address that the C library counts as one, and every address is reached through it.</summary>
    public static (ReadOnlyMemory<byte> Messages, uint LastSequence) Routes => LazyRoutes.Value;

    /// <summary>The table.</summary>
    public static (ReadOnlyMemory<byte> Messages, uint LastSequence) Filter => LazyFilter.Value;

    private static (ReadOnlyMemory<byte> Messages, uint LastSequence) WriteRoutes()
    {
        var writer = new NetlinkWriter();
        RouteRequests.BringLoopbackUp(writer);
        RouteRequests.AddSecondLoopbackAddress(writer);
        RouteRequests.TakeEveryAddress(writer);
        return (writer.Written, writer.Sequence);
    }

    private static (ReadOnlyMemory<byte> Messages, uint LastSequence) WriteFilter()
    {
        var batch = new NftBatch("egress");
        // Loopback is the sandbox's own business and is not tracked, but for the answers to what was redirected.
        batch.OutputChain("untracked", "filter", -300, accepts: true);
        batch.OutputChain("redirected", "nat", -100, accepts: true);
        batch.OutputChain("allowed", "filter", 0, accepts: false);
        batch.Rule(
            "untracked", NftExpression.FromLoopback, NftExpression.ToLoopback, NftExpression.NotFromPort(DnsPort),
            NftExpression.NotFromPort(TransparentPort), NftExpression.NoTrack);
        batch.Rule("redirected", NftExpression.ToLoopback, NftExpression.Accept);
        batch.Rule("redirected", NftExpression.Over(NewFlowsPerSecond, NewFlowsBurst), NftExpression.Drop);
        batch.Rule("redirected", NftExpression.Tcp, NftExpression.ToPort(DnsPort), NftExpression.Redirect(DnsPort));
        batch.Rule("redirected", NftExpression.Tcp, NftExpression.Redirect(TransparentPort));
        batch.Rule("redirected", NftExpression.Udp, NftExpression.ToPort(DnsPort), NftExpression.Redirect(DnsPort));
        return batch.LastRule("allowed", NftExpression.ToLoopback, NftExpression.Accept);
    }
}
