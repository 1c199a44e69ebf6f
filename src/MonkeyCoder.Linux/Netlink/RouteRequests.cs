using System.Buffers.Binary;

namespace MonkeyCoder.Linux.Netlink;

/// <summary>Messages of rtnetlink(7).</summary>
public static class RouteRequests
{
    // linux/rtnetlink.h, linux/netlink.h, linux/if.h
    private const ushort RTM_NEWLINK = 16;
    private const ushort RTM_NEWADDR = 20;
    private const ushort RTM_NEWROUTE = 24;
    private const ushort NLM_F_EXCL = 0x200;
    private const ushort NLM_F_CREATE = 0x400;
    private const byte AF_INET = 2;
    private const byte RT_TABLE_LOCAL = 255;
    private const byte RTPROT_BOOT = 3;
    private const byte RT_SCOPE_HOST = 254;
    private const byte RTN_LOCAL = 2;
    private const ushort IFA_ADDRESS = 1;
    private const ushort IFA_LOCAL = 2;
    private const ushort RTA_OIF = 4;
    private const ushort RTA_PREFSRC = 7;
    private const uint IFF_UP = 1;

    /// <summary>Index of lo: the first device of every network namespace.</summary>
    private const int LoopbackIndex = 1;

    /// <summary>Brings lo up, and with it 127.0.0.1. Nothing where it is up.</summary>
    public static void BringLoopbackUp(NetlinkWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        // struct ifinfomsg: family, padding, type, index, flags, change
        Span<byte> link = stackalloc byte[16];
        link.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(link[4..], LoopbackIndex);
        BinaryPrimitives.WriteUInt32LittleEndian(link[8..], IFF_UP);
        BinaryPrimitives.WriteUInt32LittleEndian(link[12..], IFF_UP);
        writer.BeginMessage(RTM_NEWLINK, 0, link);
        writer.EndMessage();
    }

    /// <summary>
    /// A second address of loopback. The C library looks names up with AI_ADDRCONFIG only where a device has an address
    /// other than 127.0.0.1 (getaddrinfo(3)). Adds no route: all of 127.0.0.0/8 is reached over lo anyway.
    /// <c>ip address add 127.0.0.2/8 dev lo scope host</c>.
    /// </summary>
    public static void AddSecondLoopbackAddress(NetlinkWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        // struct ifaddrmsg: family, prefix length, flags, scope, index
        writer.BeginMessage(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, [AF_INET, 8, 0, RT_SCOPE_HOST, LoopbackIndex, 0, 0, 0]);
        writer.Attribute(IFA_LOCAL, [127, 0, 0, 2]);
        writer.Attribute(IFA_ADDRESS, [127, 0, 0, 2]);
        writer.EndMessage();
    }

    /// <summary>
    /// Makes every address of IPv4 one of this namespace, reached over lo from 127.0.0.1: whatever is sent stays inside,
    /// and netfilter sees it. <c>ip route add local 0.0.0.0/0 dev lo src 127.0.0.1</c>.
    /// </summary>
    public static void TakeEveryAddress(NetlinkWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        // struct rtmsg: family, destination and source bits, tos, table, protocol, scope, type, flags
        writer.BeginMessage(
            RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL | NetlinkWriter.Acknowledge,
            [AF_INET, 0, 0, 0, RT_TABLE_LOCAL, RTPROT_BOOT, RT_SCOPE_HOST, RTN_LOCAL, 0, 0, 0, 0]);
        writer.Attribute(RTA_OIF, [LoopbackIndex, 0, 0, 0]);
        writer.Attribute(RTA_PREFSRC, [127, 0, 0, 1]);
        writer.EndMessage();
    }
}
