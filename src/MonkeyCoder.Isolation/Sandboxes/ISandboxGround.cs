using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Mounts;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>What a sandbox stands on in one tier: its root file system, and what its launcher reads.</summary>
internal interface ISandboxGround : IDisposable
{
    /// <summary>Whether the agent makes its socket itself, because it can inherit none.</summary>
    bool AgentListens { get; }

    /// <summary>Whether the first process is in a network namespace of its own, in which the node can serve.</summary>
    bool HasOwnNetwork { get; }

    /// <summary>Whether the sandbox shares the node's network, and its connections come to a door there.</summary>
    bool UsesDoor { get; }

    /// <summary>What the groups are set to: more than the limits where something of the tier's own runs in them.</summary>
    SandboxLimits GroupLimits(SandboxLimits limits);

    /// <summary>Host ids of root and of the user of a sandbox.</summary>
    (uint Root, uint User) OwnersIn(UidRange ids);

    /// <summary>Makes the root, and the file in the bundle directory that the launcher starts from.</summary>
    /// <param name="id">Of the sandbox.</param>
    /// <param name="spec">What it is to be.</param>
    /// <param name="ids">Its ids.</param>
    /// <param name="template">What it is made from.</param>
    /// <param name="volumes">What it writes to.</param>
    /// <param name="door">Where its connections go; null where it does not use one.</param>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">Something it needs could not be made.</exception>
    void Prepare(SandboxId id, SandboxSpec spec, UidRange ids, TemplateLayers template, SandboxVolumes volumes, EgressDoor? door);

    /// <summary>Whether a sandbox launched with one can be given the other while it runs.</summary>
    bool SameHardLimits(SandboxLimits one, SandboxLimits other);
}
