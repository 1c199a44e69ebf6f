using System.Net;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>
/// What one sandbox may connect to; by default nothing. Immutable: a change is a new policy. The order of rules: what
/// <see cref="AddressPolicy"/> refuses stays refused; then of the tenant's own rules about an address the most specific
/// one holds, a denial where two are equally specific; what no rule allows is refused.
/// </summary>
public sealed record EgressPolicy
{
    /// <summary>Nothing.</summary>
    public static EgressPolicy DenyAll { get; } = new();

    /// <summary>Every public address, at the ports of <see cref="PublicPorts"/>.</summary>
    public bool AllowPublic { get; init; }

    /// <value>Ports that <see cref="AllowPublic"/> opens. Default: all but 25, through which mail is sent.</value>
    public IReadOnlyList<PortSet> PublicPorts { get; init; } = [PortSet.AllButMail];

    /// <summary>Names that may be connected to. They never match an address.</summary>
    public IReadOnlyList<HostRule> AllowedHosts { get; init; } = [];

    /// <summary>Addresses that may be connected to.</summary>
    public IReadOnlyList<NetworkRule> AllowedNetworks { get; init; } = [];

    /// <summary>Addresses that may not.</summary>
    public IReadOnlyList<IPNetwork> DeniedNetworks { get; init; } = [];

    /// <summary>
    /// Headers that the gateway adds to requests over TLS, and to none else: without TLS everybody on the way could read them.
    /// What is in them never enters the sandbox.
    /// </summary>
    public IReadOnlyList<HeaderRule> HeaderRules { get; init; } = [];

    /// <summary>What the sandbox trusts for the names of <see cref="HeaderRules"/>; null: no headers are added.</summary>
    public EgressAuthority? Authority { get; init; }

    /// <summary>True where nothing can pass.</summary>
    public bool AllowsNothing => !AllowPublic && AllowedHosts.Count == 0 && AllowedNetworks.Count == 0;

    /// <summary>
    /// Whether a name may be connected to at a port, before it is looked up. Its addresses are judged by
    /// <see cref="JudgeAnswer"/> after that.
    /// </summary>
    public EgressVerdict JudgeName(HostName name, int port)
    {
        ArgumentNullException.ThrowIfNull(name);
        var known = AllowPublic;
        if (AllowPublic && PublicPorts.Any(ports => ports.Contains(port))) return EgressVerdict.Allowed;
        foreach (var rule in AllowedHosts)
        {
            if (!rule.Pattern.Matches(name)) continue;
            if (rule.Ports.Contains(port)) return EgressVerdict.Allowed;
            known = true;
        }

        return EgressVerdict.Refused(known ? EgressReasons.Port : EgressReasons.NotAllowed);
    }

    /// <summary>Whether the resolver may look a name up for the sandbox; what it may not is never forwarded.</summary>
    public bool MayResolve(HostName name) => AllowPublic || AllowedHosts.Any(rule => rule.Pattern.Matches(name));

    /// <summary>
    /// Judges all addresses of a name that <see cref="JudgeName"/> allows. One that is not public refuses the whole
    /// answer; those that the tenant denies are left out.
    /// </summary>
    /// <param name="answer">Everything that the name resolved to, IPv4 and IPv6.</param>
    /// <param name="platform">What is never connected to.</param>
    /// <param name="usable">Addresses that may be connected to, in their order; empty where refused.</param>
    /// <param name="port">Where to; null: at any port, for somebody who only wants to know the addresses.</param>
    public EgressVerdict JudgeAnswer(
        IReadOnlyCollection<IPAddress> answer, AddressPolicy platform, out IReadOnlyList<IPAddress> usable, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(answer);
        ArgumentNullException.ThrowIfNull(platform);
        usable = [];
        if (answer.Count == 0) return EgressVerdict.Refused(EgressReasons.Unresolved);
        if (!answer.All(platform.IsPublic)) return EgressVerdict.Refused(EgressReasons.SpecialAddress);
        var allowed = answer.Where(address => !IsDenied(address, port)).ToArray();
        if (allowed.Length == 0) return EgressVerdict.Refused(EgressReasons.Denied);
        usable = allowed;
        return EgressVerdict.Allowed;
    }

    /// <summary>Whether an address that no name stands for may be connected to.</summary>
    public EgressVerdict JudgeAddress(IPAddress address, int port, AddressPolicy platform)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(platform);
        if (!platform.IsPublic(address)) return EgressVerdict.Refused(EgressReasons.SpecialAddress);
        if (IsDenied(address, port)) return EgressVerdict.Refused(EgressReasons.Denied);
        var known = AllowPublic;
        if (AllowPublic && PublicPorts.Any(ports => ports.Contains(port))) return EgressVerdict.Allowed;
        foreach (var rule in AllowedNetworks)
        {
            if (!rule.Network.Contains(address)) continue;
            if (rule.Ports.Contains(port)) return EgressVerdict.Allowed;
            known = true;
        }

        return EgressVerdict.Refused(known ? EgressReasons.Port : EgressReasons.NotAllowed);
    }

    /// <summary>
    /// Whether a connection to a judged name may carry a protocol that does not say which host it is for: at a port that the rule
    /// for the name names, or where the address alone would do. Never at 80 and 443, where one address serves many names.
    /// </summary>
    public bool AllowsUnnamed(HostName name, IPAddress address, int port, AddressPolicy platform) =>
        !PortSet.Web.Contains(port)
        && (AllowedHosts.Any(rule => rule.Ports.Names(port) && rule.Pattern.Matches(name)) || JudgeAddress(address, port, platform).IsAllowed);

    /// <summary>Headers to add to requests to a judged name; later rules win over earlier ones.</summary>
    public IReadOnlyDictionary<string, string> HeadersFor(HostName name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var rule in HeaderRules)
        {
            if (!rule.Pattern.Matches(name)) continue;
            foreach (var (key, value) in rule.Headers) headers[key] = value;
        }

        return headers;
    }

    /// <summary>A denial holds against every allowed range that is not smaller, or does not have the port.</summary>
    private bool IsDenied(IPAddress address, int? port)
    {
        var denied = -1;
        foreach (var network in DeniedNetworks)
            if (network.Contains(address)) denied = Math.Max(denied, network.PrefixLength);
        return denied >= 0 && !AllowedNetworks.Any(
            rule => rule.Network.PrefixLength > denied && rule.Network.Contains(address) && (port is null || rule.Ports.Contains(port.Value)));
    }
}

/// <summary>Names that are allowed at some ports.</summary>
public sealed record HostRule(HostPattern Pattern, PortSet Ports);

/// <summary>Addresses that are allowed at some ports.</summary>
public sealed record NetworkRule(IPNetwork Network, PortSet Ports);

/// <summary>Headers that the gateway puts into requests to some names.</summary>
/// <param name="Pattern">The names.</param>
/// <param name="Headers">Names and values; the values are secrets of the tenant.</param>
public sealed record HeaderRule(HostPattern Pattern, IReadOnlyDictionary<string, string> Headers)
{
    // Not in logs.
    public override string ToString() => $"{Pattern}: {string.Join(", ", Headers.Keys)}";
}
