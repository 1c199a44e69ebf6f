namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>What people are told of the tier that a node runs in.</summary>
/// <param name="Name">As it is chosen, e.g. <c>container</c>.</param>
/// <param name="Warning">What it does not hold, in one sentence; null for a tier without such.</param>
public sealed record TierDescription(string Name, string? Warning)
{
    /// <summary>Sandboxes of it can be frozen so that nothing inside runs on.</summary>
    public bool CanPause { get; private init; } = true;

    /// <summary>The description of a tier.</summary>
    public static TierDescription Of(IsolationTier tier) => tier switch
    {
        IsolationTier.Unprivileged => new TierDescription(
            "unprivileged",
            "Sandboxes run without namespaces and cgroups: they share the kernel's process list and the CPU with this service, memory "
            + "and disk are limited by watching, and there is no network in them. Use it for code you trust with this machine, and the "
            + "container tier for all other.")
        {
            // Stopping by signal does not hold: the kernel itself continues stopped processes whose group has lost its parent.
            CanPause = false,
        },
        IsolationTier.Gvisor => new TierDescription("gvisor", null),
        _ => new TierDescription("container", null),
    };
}
