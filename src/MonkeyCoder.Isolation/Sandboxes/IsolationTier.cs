namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>What stands between sandboxes and the host.</summary>
public enum IsolationTier
{
    /// <summary>Namespaces, cgroups and a filter of system calls, through an OCI runtime. The default; needs root.</summary>
    Container,

    /// <summary>
    /// As a container, with gVisor's kernel in user space between sandboxes and the host's: a hole in the host's kernel is out of
    /// their reach.
    /// </summary>
    Gvisor,

    /// <summary>
    /// For hosts that give no namespaces: a root of its own, a user of its own, Landlock, a filter and rlimits, watched from
    /// outside. Weaker; only where it is asked for by name.
    /// </summary>
    Unprivileged,
}
