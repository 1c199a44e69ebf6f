using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>The node's sandboxes by tenant: the one place that creates, finds and ends them.</summary>
internal interface ISandboxRegistry
{
    /// <summary>Acquires a sandbox from the engine, configures its agent and starts its clock.</summary>
    Task<LiveSandbox> CreateAsync(
        SandboxOwner owner, SandboxSpec spec, SandboxSettings settings, CancellationToken cancellationToken);

    /// <summary>null where it does not exist, has ended, or belongs to another tenant: all look the same.</summary>
    LiveSandbox? Find(string tenant, string id);

    /// <summary>For routes that authenticate by the sandbox's own token instead of a tenant's key.</summary>
    LiveSandbox? Find(string id);

    /// <summary>Every live sandbox, of all tenants.</summary>
    IReadOnlyCollection<LiveSandbox> All { get; }

    /// <summary>Moves the end of life.</summary>
    void SetEnd(LiveSandbox sandbox, DateTimeOffset end);

    /// <summary>Ends it: streams abort, the sandbox is unlisted at once, and removed. False where it had ended already.</summary>
    Task<bool> KillAsync(LiveSandbox sandbox, CancellationToken cancellationToken);
}
