using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Sandbox.Egress;

/// <summary>What the operator lets sandboxes connect to.</summary>
internal sealed class NodeEgress(IOptions<EgressSettings> settings)
{
    /// <summary>Domains of a sandbox whose creator says nothing.</summary>
    public IReadOnlyList<HostRule> AllowedHosts { get; } =
        [.. EgressSettings.Entries(settings.Value.AllowedDomains).Select(static entry => RuleText.ReadHost(entry)!)];

    /// <summary>Whether tenants may open any public address.</summary>
    public bool PermitsPublic => settings.Value.PermitPublic;

    /// <summary>Policy of a sandbox whose creator says nothing.</summary>
    public EgressPolicy Default => new() { AllowedHosts = AllowedHosts };

    /// <summary>
    /// Whether a tenant may have a rule: any where public addresses are permitted, else what the node's list covers. Port 25 of
    /// any name only where the list covers it: whose zone a name is in chooses where it leads.
    /// </summary>
    public bool Permits(HostRule rule) =>
        (PermitsPublic && !rule.Ports.IsMail) || AllowedHosts.Any(own => own.Pattern.Covers(rule.Pattern) && own.Ports.Covers(rule.Ports));

    /// <summary>Whether a tenant may have a rule: any where public addresses are permitted, but for port 25.</summary>
    public bool Permits(NetworkRule rule) => PermitsPublic && !rule.Ports.IsMail;

    /// <summary>What no sandbox reaches.</summary>
    public static AddressPolicy Platform(EgressSettings settings) => new(
        OwnAddresses(settings), Networks(settings.RefusedNetworks), Networks(settings.OpenedNetworks));

    private static IEnumerable<IPNetwork> Networks(string list) =>
        EgressSettings.Entries(list).Select(static entry => RuleText.ReadNetwork(entry)!.Value);

    private static IEnumerable<IPAddress> OwnAddresses(EgressSettings settings) =>
        EgressSettings.Entries(settings.OwnAddresses).Select(IPAddress.Parse).Concat(
            from card in NetworkInterface.GetAllNetworkInterfaces()
            from address in card.GetIPProperties().UnicastAddresses
            select address.Address);
}
