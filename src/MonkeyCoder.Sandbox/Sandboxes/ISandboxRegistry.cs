using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Admission;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>The node's sandboxes by tenant: the one place that creates, finds and ends them.</summary>
internal interface ISandboxRegistry
{
    /// <summary>
    /// Acquires a sandbox from the engine, configures its agent and starts its clock. The environment is that of the
    /// settings and E2B_SANDBOX, E2B_SANDBOX_ID, E2B_TEMPLATE_ID.
    /// </summary>
    /// <exception cref="CapacityException">The node cannot hold it, or the tenant has as many as it may; nothing was started.</exception>
    /// <exception cref="UnknownTemplateException">No such template on this node.</exception>
    Task<LiveSandbox> CreateAsync(
        SandboxOwner owner, SandboxSpec spec, SandboxSettings settings, CancellationToken cancellationToken);

    /// <summary>null where it does not exist, has ended, or belongs to another tenant: all look the same.</summary>
    LiveSandbox? Find(string tenant, string id);

    /// <summary>For routes that authenticate by the sandbox's own token instead of a tenant's key.</summary>
    LiveSandbox? Find(string id);

    /// <summary>Why a sandbox of the tenant ended; null where it did not, or that is forgotten, or it is another tenant's.</summary>
    SandboxEnd? WhyEnded(string tenant, string id);

    /// <summary>Begins to end it; the registry sees to the rest. Does nothing where it has ended already.</summary>
    void BeginEnd(LiveSandbox sandbox, SandboxEnd why);

    /// <summary>Every live sandbox, of all tenants.</summary>
    IReadOnlyCollection<LiveSandbox> All { get; }

    /// <summary>
    /// Stops it where it is; it keeps everything, and whoever uses it is cut off. Cancelling gives up waiting for another change of it;
    /// what has begun is done.
    /// </summary>
    Task<PauseOutcome> PauseAsync(LiveSandbox sandbox, CancellationToken cancellationToken);

    /// <summary>
    /// Lets a paused one go on, with so much time from now, at most the longest life. One that runs lives at least so long from now.
    /// </summary>
    Task<ResumeOutcome> ResumeAsync(LiveSandbox sandbox, TimeSpan life, CancellationToken cancellationToken);

    /// <summary>
    /// Moves the end of life, at most to the longest life from now. False where the end has come already, or it is paused.
    /// </summary>
    bool SetEnd(LiveSandbox sandbox, DateTimeOffset end);

    /// <summary>Moves the end of life to no earlier than it is. False where the end has come already, or it is paused.</summary>
    bool ExtendEnd(LiveSandbox sandbox, DateTimeOffset end);

    /// <summary>
    /// Ends it: the sandbox is unlisted and its streams abort at once; the task completes when nothing of it is left.
    /// False where it had ended already. Cancelling stops the waiting, not the ending.
    /// </summary>
    Task<bool> KillAsync(LiveSandbox sandbox, CancellationToken cancellationToken);
}
