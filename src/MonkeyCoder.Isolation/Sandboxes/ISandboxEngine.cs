namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>The node's sandboxes: launches, pools and removes them.</summary>
public interface ISandboxEngine : IAsyncDisposable
{
    /// <summary>
    /// Checks the host, mounts the store, removes what a crashed predecessor left, and starts filling the pool.
    /// </summary>
    /// <exception cref="HostNotReadyException">The host lacks something; the message says what to do.</exception>
    Task StartAsync(CancellationToken cancellationToken);

    /// <summary>
    /// A ready sandbox, from the pool where one fits, else launched now; its agent is serving. The caller owns it.
    /// </summary>
    /// <exception cref="UnknownTemplateException">No such template on this node.</exception>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">The launch failed; everything it made has been removed.</exception>
    Task<ISandbox> AcquireAsync(SandboxSpec spec, CancellationToken cancellationToken);

    /// <summary>Names of the templates that can be asked for.</summary>
    IReadOnlyList<string> Templates { get; }

    /// <summary>What stands between sandboxes and the host.</summary>
    TierDescription Tier { get; }

    /// <summary>Sandboxes that wait in the pool now.</summary>
    int Pooled { get; }

    /// <summary>The processes that kernels are forked from.</summary>
    ZygoteStatus Zygotes { get; }
}

/// <summary>The processes that Python kernels are forked from.</summary>
/// <param name="Ready">Those that can fork now.</param>
/// <param name="Forks">Kernels forked since the start of the node.</param>
/// <param name="Replaced">Zygotes that have died, or made room for another after many forks.</param>
public readonly record struct ZygoteStatus(int Ready, long Forks, long Replaced);

/// <summary>The host cannot run sandboxes; the message is one sentence that says what is missing.</summary>
public sealed class HostNotReadyException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The template asked for does not exist on this node.</summary>
public sealed class UnknownTemplateException(string template)
    : Exception($"Template '{template}' does not exist on this node; run 'monkey templates list'.")
{
    /// <summary>Name that was asked for.</summary>
    public string Template { get; } = template;
}
