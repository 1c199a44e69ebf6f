namespace MonkeyCoder.Sandbox.Admission;

/// <summary>What there was not enough of.</summary>
internal enum Shortage
{
    /// <summary>The tenant has as many sandboxes as it may have.</summary>
    TenantSandboxes,

    /// <summary>The node has as many sandboxes as it may have.</summary>
    NodeSandboxes,

    /// <summary>Memory of the host.</summary>
    Memory,

    /// <summary>Disk of the host, or the store on it.</summary>
    Disk,
}

/// <summary>A sandbox was not admitted; nothing has been started.</summary>
/// <param name="shortage">Why.</param>
/// <param name="message">A sentence for the caller that says what to do; no figures of the host.</param>
/// <param name="retryAfter">When to try again.</param>
internal sealed class CapacityException(Shortage shortage, string message, TimeSpan retryAfter) : Exception(message)
{
    public Shortage Shortage => shortage;

    public TimeSpan RetryAfter => retryAfter;

    /// <summary>Whether it is the tenant's own doing; else the node is full.</summary>
    public bool IsOfTenant => shortage == Shortage.TenantSandboxes;
}
