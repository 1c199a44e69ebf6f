using System.Net;
using System.Text.Json;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Egress;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>
/// The network that a tenant asks for, checked, or the answer that refuses it. Where nothing is said about internet access
/// the node's own list holds; <c>true</c> is every public address; <c>false</c>, as <c>0.0.0.0/0</c> in <c>denyOut</c>, is
/// nothing but <c>allowOut</c>.
/// </summary>
internal readonly record struct NetworkPlan(EgressPolicy? Policy, NetworkSettings? Settings, IResult? Refusal)
{
    private const int MaxEntries = 256;
    private const int MaxRules = 64;
    private const int MaxShown = 100;

    public static NetworkPlan Make(SandboxNetworkUpdate asked, NodeEgress node, TierDescription tier)
    {
        if (asked.EgressProxy is { ValueKind: not JsonValueKind.Null }) return new(null, null, E2bAnswers.NotHere("an egress proxy of your own"));
        if (CheckCounts(asked) is { } tooMany) return Refuse(tooMany);
        List<IPNetwork> denied = [];
        foreach (var entry in asked.DenyOut ?? [])
        {
            if (entry is null || RuleText.ReadNetwork(entry) is not { } network) return Refuse($"invalid denied CIDR {Shown(entry)}");
            denied.Add(network);
        }

        var (hosts, networks, problem) = ReadAllowed(asked.AllowOut ?? [], denied.Any(IsEverything));
        if (problem is not null) return Refuse(problem);
        var (headers, refusal) = ReadRules(asked.Rules);
        if (refusal is not null) return new(null, null, refusal);

        if (Unavailable(asked, headers, tier) is { } unavailable) return new(null, null, unavailable);
        var closed = asked.AllowInternetAccess is false || denied.Any(IsEverything);
        var open = asked.AllowInternetAccess is true && !closed;
        var everything = networks.Where(static rule => IsEverything(rule.Network)).Select(static rule => rule.Ports).ToArray();
        if (Excess(open || everything.Length > 0, hosts, networks, node) is { } excess) return new(null, null, excess);
        var policy = new EgressPolicy
        {
            AllowPublic = open || everything.Length > 0,
            PublicPorts = open || everything.Contains(PortSet.AllButMail) ? [PortSet.AllButMail] : everything,
            AllowedHosts = asked.AllowInternetAccess is null && !closed ? [.. node.AllowedHosts, .. hosts] : hosts,
            AllowedNetworks = [.. networks.Where(static rule => !IsEverything(rule.Network))],
            DeniedNetworks = [.. denied.Where(static network => !IsEverything(network))],
            HeaderRules = headers,
        };
        return new(policy, Shown(asked), null);
    }

    /// <summary>The part of a create request that is about the way out.</summary>
    public static SandboxNetworkUpdate WayOut(SandboxCreateRequest request) => new()
    {
        AllowInternetAccess = request.AllowInternetAccess,
        AllowOut = request.Network?.AllowOut,
        DenyOut = request.Network?.DenyOut,
        EgressProxy = request.Network?.EgressProxy,
        Rules = request.Network?.Rules,
    };

    /// <summary>What the tier cannot keep; denying is kept by every tier.</summary>
    private static IResult? Unavailable(SandboxNetworkUpdate asked, IReadOnlyList<HeaderRule> headers, TierDescription tier)
    {
        if (!tier.AddsHeaders && headers.Count > 0) return E2bAnswers.NotInTier("adding headers to requests", tier, "leave 'network.rules' out");
        return !tier.HasNetwork && (asked.AllowInternetAccess is true || asked.AllowOut?.Count > 0)
            ? E2bAnswers.NotInTier("a network in sandboxes", tier, "leave 'allow_internet_access' and 'allowOut' out")
            : null;
    }

    private static NetworkPlan Refuse(string problem) => new(null, null, E2bAnswers.Error(StatusCodes.Status400BadRequest, problem));

    private static IResult Forbid(bool mail, string host, PortSet ports)
    {
        if (!mail) return Forbid(ports == PortSet.AllButMail ? host : $"{host} at port {ports}");
        return E2bAnswers.Error(
            StatusCodes.Status403Forbidden,
            $"port 25 is open to hosts of the operator's list only, and {host} is not on it with that port; leave it out (to hand mail to a provider, use 465 or 587), or ask the operator to add it to SANDBOX_ALLOWED_DOMAINS");
    }

    private static IResult Forbid(string what) => E2bAnswers.Error(
        StatusCodes.Status403Forbidden,
        $"this node lets sandboxes reach its own list of domains only, and {what} is not on it; leave it out, or ask the operator to add it to SANDBOX_ALLOWED_DOMAINS");

    // The contract has IPv4 only.
    private static bool IsEverything(IPNetwork network) => network.PrefixLength == 0 && network.BaseAddress.Equals(IPAddress.Any);

    private static string? CheckCounts(SandboxNetworkUpdate asked)
    {
        if (asked.AllowOut?.Count > MaxEntries) return $"'allowOut' has more than {MaxEntries} entries";
        if (asked.DenyOut?.Count > MaxEntries) return $"'denyOut' has more than {MaxEntries} entries";
        return asked.Rules?.Count > MaxRules ? $"'rules' has more than {MaxRules} domains" : null;
    }

    private static (List<HostRule> Hosts, List<NetworkRule> Networks, string? Problem) ReadAllowed(IReadOnlyList<string> entries, bool deniesAll)
    {
        List<HostRule> hosts = [];
        List<NetworkRule> networks = [];
        foreach (var entry in entries)
        {
            if (entry is not null && RuleText.ReadAddress(entry) is { } network)
            {
                networks.Add(network);
                continue;
            }

            if (!deniesAll)
                return ([], [], "When specifying allowed domains in allow out, you must include 'ALL_TRAFFIC' in deny out to block all other traffic.");
            if (entry is null || RuleText.ReadHost(entry) is not { } host)
                return ([], [], $"invalid allowed host or CIDR {Shown(entry)}: give an address, a range, a domain of at least two labels or '*.' and one that is nobody's registry");
            hosts.Add(host);
        }

        return (hosts, networks, null);
    }

    private static (IReadOnlyList<HeaderRule> Rules, IResult? Refusal) ReadRules(IReadOnlyDictionary<string, IReadOnlyList<SandboxNetworkRule>>? asked)
    {
        List<HeaderRule> rules = [];
        foreach (var (domain, list) in asked ?? new Dictionary<string, IReadOnlyList<SandboxNetworkRule>>())
        {
            // Null where the wire had null, whatever the types say.
            foreach (var rule in list ?? [])
            {
                if (rule?.Transform?.Headers is not { } headers) continue;
                if (HeaderRuleText.Check(domain, headers) is { } problem) return ([], E2bAnswers.Error(StatusCodes.Status400BadRequest, problem));
                if (headers.Values.Any(static value => value.Contains("${e2b.", StringComparison.Ordinal)))
                    return ([], E2bAnswers.NotHere("a stored secret in 'network.rules'"));
                if (headers.Count > 0 && HostPattern.TryParse(domain, out var pattern)) rules.Add(new HeaderRule(pattern, headers));
            }
        }

        return (rules, null);
    }

    /// <summary>The answer to what the operator does not permit; null where there is nothing of that.</summary>
    private static IResult? Excess(bool open, List<HostRule> hosts, List<NetworkRule> networks, NodeEgress node)
    {
        if (open && !node.PermitsPublic) return Forbid("every public address");
        if (networks.Find(rule => !node.Permits(rule)) is { } network) return Forbid(network.Ports.IsMail, $"{network.Network}", network.Ports);
        return hosts.Find(rule => !node.Permits(rule)) is { } host ? Forbid(host.Ports.IsMail, $"{host.Pattern}", host.Ports) : null;
    }

    private static NetworkSettings Shown(SandboxNetworkUpdate asked) => new()
    {
        AllowInternetAccess = asked.AllowInternetAccess,
        AllowOut = asked.AllowOut,
        DenyOut = asked.DenyOut,
        HeaderNames = asked.Rules?.ToDictionary(
            static rule => rule.Key,
            static IReadOnlyList<string> (rule) =>
                [.. (rule.Value ?? []).SelectMany(static part => part?.Transform?.Headers?.Keys ?? []).Distinct(StringComparer.OrdinalIgnoreCase)]),
    };

    private static string Shown(string? entry) => entry is null ? "null" : entry.Length <= MaxShown ? entry : entry[..MaxShown] + "…";
}
