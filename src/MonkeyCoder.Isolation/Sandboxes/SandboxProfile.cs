namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>How much a sandbox may do inside its own user namespace. Both share every wall towards the host.</summary>
public enum SandboxProfile
{
    /// <summary>Read-only root, no capabilities at all, no new privileges, uid 1001 only. Default of <c>/sandbox/execute</c>.</summary>
    Strict,

    /// <summary>Writable root and sudo to a root that is confined to the user namespace. Default of the E2B API.</summary>
    Workspace,
}
