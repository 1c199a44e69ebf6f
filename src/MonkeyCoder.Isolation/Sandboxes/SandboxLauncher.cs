namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Who builds the walls of the container tier.</summary>
public enum SandboxLauncher
{
    /// <summary>The node's own launcher, where the host has cgroup v1 hierarchies; elsewhere as <see cref="Runc"/>.</summary>
    Native,

    /// <summary>The OCI runtime: the reference.</summary>
    Runc,
}
