namespace MonkeyCoder.Linux;

/// <summary>What <see cref="Libc.OpenSockets"/> makes, socket(2).</summary>
public enum SocketKind
{
    /// <summary>AF_INET, SOCK_STREAM.</summary>
    Tcp,
    /// <summary>AF_INET, SOCK_DGRAM.</summary>
    Udp,
    /// <summary>AF_NETLINK, NETLINK_ROUTE: links, addresses and routes, rtnetlink(7).</summary>
    RouteNetlink,
    /// <summary>AF_NETLINK, NETLINK_NETFILTER: nf_tables.</summary>
    NetfilterNetlink,
}
