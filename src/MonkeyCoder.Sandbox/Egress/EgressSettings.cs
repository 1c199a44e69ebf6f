using System.Net;
using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Egress;

/// <summary>What sandboxes may connect to. Lists are separated by commas.</summary>
internal sealed class EgressSettings
{
    public const string Section = "Egress";

    /// <value>
    /// Domains that a sandbox may reach whose creator says nothing about the network, e.g. <c>pypi.org, *.pythonhosted.org,
    /// git.example.com:22</c>; at ports 80 and 443 where none is named. <c>*.</c> stands for at least one more label. What does
    /// not name its host, as SSH, gets there through the proxy on 127.0.0.1:3128. Port 25 is open to what is listed here with it,
    /// and to nothing else. Default: none.
    /// </value>
    public string AllowedDomains { get; set; } = "";

    /// <value>
    /// Whether tenants may open any public address to their sandboxes, by <c>allow_internet_access: true</c> or by rules of
    /// their own. Where not, their rules can only choose from <c>AllowedDomains</c>. Default true.
    /// </value>
    public bool PermitPublic { get; set; } = true;

    /// <value>Further addresses and ranges that no sandbox reaches, whatever its rules say. Default: none.</value>
    public string RefusedNetworks { get; set; } = "";

    /// <value>
    /// IPv4 ranges that are not public and that sandboxes may reach all the same where their rules allow it, e.g. that of a
    /// package mirror. This machine, its links, metadata services and multicast cannot be opened. Default: none.
    /// </value>
    public string OpenedNetworks { get; set; } = "";

    /// <value>Addresses by which others reach this node, beside those of its interfaces; no sandbox reaches them. Default: none.</value>
    public string OwnAddresses { get; set; } = "";

    /// <summary>Entries of a list.</summary>
    public static string[] Entries(string list) => list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Reports every entry that cannot be used.</summary>
internal sealed class EgressSettingsValidator : IValidateOptions<EgressSettings>
{
    public ValidateOptionsResult Validate(string? name, EgressSettings options)
    {
        var checks = new OptionChecks(EgressSettings.Section);
        foreach (var entry in EgressSettings.Entries(options.AllowedDomains))
        {
            if (RuleText.ReadHost(entry) is null)
                checks.Fail(nameof(options.AllowedDomains), $"has '{entry}', which is no domain such as 'example.com', '*.example.com' or 'example.com:8443'");
        }

        foreach (var entry in EgressSettings.Entries(options.RefusedNetworks))
            if (RuleText.ReadNetwork(entry) is null) checks.Fail(nameof(options.RefusedNetworks), $"has '{entry}', which is no address or range");
        foreach (var entry in EgressSettings.Entries(options.OpenedNetworks))
        {
            if (RuleText.ReadNetwork(entry) is not { } network) checks.Fail(nameof(options.OpenedNetworks), $"has '{entry}', which is no address or range");
            else if (!AddressPolicy.CanOpen(network)) checks.Fail(nameof(options.OpenedNetworks), $"has '{entry}', which holds addresses that cannot be opened");
        }

        foreach (var entry in EgressSettings.Entries(options.OwnAddresses))
            if (!IPAddress.TryParse(entry, out _)) checks.Fail(nameof(options.OwnAddresses), $"has '{entry}', which is no address");
        return checks.Result;
    }
}
