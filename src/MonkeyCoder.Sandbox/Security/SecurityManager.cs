using System.Net;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.Egress;
using MonkeyCoder.Sandbox.Security.CodeChecks;

namespace MonkeyCoder.Sandbox.Security;

/// <summary>The policies that stand before the kernel's boundary.</summary>
internal sealed class SecurityManager(ResourceAdmission admission, NodeEgress egress, AddressPolicy platform, CodeChecker checker)
{
    /// <inheritdoc cref="ResourceAdmission.EnforceResourceLimits"/>
    public AdmissionTicket EnforceResourceLimits(string tenant, SandboxLimits limits) => admission.EnforceResourceLimits(tenant, limits);

    /// <summary>
    /// Judges a URL before it is fetched, by the node's own list of domains. Where it is allowed and its host is a name,
    /// whoever fetches it resolves the name once, asks <see cref="ValidateAddresses"/>, and connects to
    /// an address that it calls usable.
    /// </summary>
    public UrlVerdict ValidateUrl(string? url) => ValidateUrl(url, egress.Default);

    /// <summary>The same by the rules of one sandbox.</summary>
    public UrlVerdict ValidateUrl(string? url, EgressPolicy policy) => Urls(policy).Judge(url);

    /// <summary>Judges where an answer sends its reader, before that is followed: every hop anew.</summary>
    /// <param name="from">The URL that was fetched.</param>
    /// <param name="location">The answer's Location.</param>
    /// <param name="policy">As for the first URL; null: the node's own list.</param>
    public UrlVerdict ValidateRedirect(CheckedUrl from, string? location, EgressPolicy? policy = null) =>
        Urls(policy ?? egress.Default).JudgeRedirect(from, location);

    /// <summary>Judges what the name of an allowed URL resolved to.</summary>
    public EgressVerdict ValidateAddresses(
        IReadOnlyCollection<IPAddress> addresses, out IReadOnlyList<IPAddress> usable, EgressPolicy? policy = null) =>
        Urls(policy ?? egress.Default).JudgeAnswer(addresses, out usable);

    /// <inheritdoc cref="CodeChecker.CheckAsync"/>
    public Task<CodeCheckReport> ValidateCodeAsync(string code, CodeCheckLevel level, string tenant, CancellationToken cancellationToken) =>
        checker.CheckAsync(code, level, tenant, cancellationToken);

    private UrlPolicy Urls(EgressPolicy policy) => new(policy, platform);
}
