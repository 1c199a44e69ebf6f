namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>What people are told of the tier that a node runs in, and what requests may ask of it.</summary>
/// <param name="Name">As it is chosen, e.g. <c>container</c>.</param>
/// <param name="Warning">What it does not hold, in one sentence; null for a tier without such.</param>
public sealed record TierDescription(string Name, string? Warning)
{
    /// <value>Whether a share of the CPU can be set. Default true.</value>
    public bool LimitsCpu { get; init; } = true;

    /// <value>Whether the number of processes can be set. Default true.</value>
    public bool LimitsProcesses { get; init; } = true;

    /// <value>Whether sandboxes reach what their policy allows. Default true.</value>
    public bool HasNetwork { get; init; } = true;

    /// <value>Whether headers can be added to requests, for which the sandbox must trust a certificate. Default true.</value>
    public bool AddsHeaders { get; init; } = true;

    /// <summary>Sandboxes of it can be frozen so that nothing inside runs on.</summary>
    public bool CanPause { get; private init; } = true;

    /// <summary>The description of a tier.</summary>
    /// <param name="tier">The tier.</param>
    /// <param name="gatekeeper">Whether the host can do what the network of the unprivileged tier takes.</param>
    public static TierDescription Of(IsolationTier tier, bool gatekeeper = false) => tier switch
    {
        IsolationTier.Unprivileged => new TierDescription(
            "unprivileged",
            "Sandboxes run without namespaces and cgroups: they share the kernel's process list and the CPU with this service, memory "
            + $"and disk are limited by watching, and {(gatekeeper ? "their network is TCP through the gateway only" : "there is no network in them")}. "
            + "Use it for code you trust with this machine, and the container tier for all other.")
        {
            LimitsCpu = false,
            HasNetwork = gatekeeper,
            AddsHeaders = false,
            // Stopping by signal does not hold: the kernel itself continues stopped processes whose group has lost its parent.
            CanPause = false,
        },
        IsolationTier.Gvisor => new TierDescription("gvisor", null) { LimitsProcesses = false, HasNetwork = false, AddsHeaders = false },
        _ => new TierDescription("container", null),
    };
}
