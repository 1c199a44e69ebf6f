using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>What is asked for. Defaults give a strict sandbox of the base template.</summary>
public sealed record SandboxSpec
{
    /// <summary>Owner of what the node makes for itself.</summary>
    public const string NodeOwner = "node";

    /// <value>Whose it is, as events name it; nothing is decided by it. Default the node's own.</value>
    public string Owner { get; init; } = NodeOwner;

    /// <value>Name of an operator template. Default <c>base</c>.</value>
    public string Template { get; init; } = "base";

    /// <value>Default <see cref="SandboxProfile.Strict"/>.</value>
    public SandboxProfile Profile { get; init; } = SandboxProfile.Strict;

    /// <value>Hard limits; defaults of <see cref="SandboxLimits"/>.</value>
    public SandboxLimits Limits { get; init; } = new();

    /// <value>What it may connect to. Default nothing.</value>
    public EgressPolicy Egress { get; init; } = EgressPolicy.DenyAll;
}
