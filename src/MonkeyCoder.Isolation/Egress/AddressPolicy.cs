using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// Which addresses nothing in a sandbox is ever connected to, whatever its tenant allows: the special-purpose ranges of
/// IANA, addresses of metadata services, every form of IPv6 that carries an IPv4 address, the node's own addresses and the
/// ranges that the operator adds. Safe to share.
/// </summary>
public sealed class AddressPolicy
{
    // https://www.iana.org/assignments/iana-ipv4-special-registry, multicast, class E, and the service address of Azure.
    private static readonly IPNetwork[] SpecialV4 = Parse(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32");

    // https://www.iana.org/assignments/iana-ipv6-special-registry, as far as it lies in the global unicast range. 2001::/23
    // has Teredo in it, 2002::/16 is 6to4: their addresses carry IPv4 addresses.
    private static readonly IPNetwork[] SpecialV6 = Parse("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20");

    // All that has been given out to the public. Loopback, link-local, unique-local, multicast, and the mapped,
    // compatible, translated and NAT64 forms of IPv4 addresses lie outside.
    private static readonly IPNetwork GlobalUnicastV6 = IPNetwork.Parse("2000::/3");

    // What even an operator cannot open: this machine, its link, the metadata services, everybody.
    private static readonly IPNetwork[] NeverOpenV4 = Parse(
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "224.0.0.0/4", "240.0.0.0/4");

    private readonly HashSet<IPAddress> _own;
    private readonly IPNetwork[] _refused;
    private readonly IPNetwork[] _opened;

    /// <summary>Adds what only the node knows.</summary>
    /// <param name="own">Addresses of the node's interfaces, and those it is known by from outside.</param>
    /// <param name="refused">Further ranges that are never connected to, such as the operator's infrastructure.</param>
    /// <param name="opened">Special-purpose IPv4 ranges that the operator opens, such as that of a mirror; see <see cref="CanOpen"/>.</param>
    public AddressPolicy(IEnumerable<IPAddress>? own = null, IEnumerable<IPNetwork>? refused = null, IEnumerable<IPNetwork>? opened = null)
    {
        _own = [.. (own ?? []).Select(Plain)];
        _refused = [.. refused ?? []];
        _opened = [.. opened ?? []];
        if (Array.Exists(_opened, static network => !CanOpen(network)))
            throw new ArgumentException("A range that is opened overlaps one that must stay closed.", nameof(opened));
    }

    /// <summary>The tables alone.</summary>
    public static AddressPolicy Tables { get; } = new();

    /// <summary>Whether an operator may open a special-purpose range: not this machine, link-local, metadata or multicast.</summary>
    public static bool CanOpen(IPNetwork network) =>
        network.BaseAddress.AddressFamily == AddressFamily.InterNetwork
        && !Array.Exists(NeverOpenV4, closed => closed.Contains(network.BaseAddress) || network.Contains(closed.BaseAddress));

    /// <summary>True for an address that a sandbox may be connected to if its own policy allows it.</summary>
    public bool IsPublic(IPAddress address)
    {
        ArgumentNullException.ThrowIfNull(address);
        // An IPv4 address in a form of IPv6 is refused as a form: nothing legitimate needs it. The mapped form comes first,
        // because the library takes it for either kind of address.
        if (address.IsIPv4MappedToIPv6 || _own.Contains(Plain(address)) || Array.Exists(_refused, network => network.Contains(address))) return false;
        return address.AddressFamily switch
        {
            AddressFamily.InterNetwork => !Array.Exists(SpecialV4, network => network.Contains(address))
                || Array.Exists(_opened, network => network.Contains(address)),
            AddressFamily.InterNetworkV6 => address.ScopeId == 0 && GlobalUnicastV6.Contains(address)
                && !Array.Exists(SpecialV6, network => network.Contains(address)),
            _ => false,
        };
    }

    private static IPAddress Plain(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6
        ? new IPAddress(address.GetAddressBytes())
        : address;

    private static IPNetwork[] Parse(params string[] networks) => [.. networks.Select(static text => IPNetwork.Parse(text))];
}
