using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>What is fixed about a sandbox when it gets its owner.</summary>
internal sealed record SandboxOwner(string Tenant, string? KeyId);

/// <summary>A sandbox that belongs to somebody: the engine's sandbox, its owner, its end of life and its kernels.</summary>
internal sealed class LiveSandbox(
    ISandbox engine,
    SandboxOwner owner,
    SandboxSettings settings,
    DateTimeOffset startedAt,
    CancellationToken stopping)
{
    public SandboxId Id => engine.Id;

    public ISandbox Engine => engine;

    public ISandboxAgent Agent => engine.Agent;

    public SandboxOwner Owner => owner;

    public SandboxSettings Settings => settings;

    public DateTimeOffset StartedAt => startedAt;

    /// <summary>When it will be killed; moved by the registry only.</summary>
    public DateTimeOffset EndAt { get; set; }

    /// <summary>
    /// Cancelled when the sandbox is being killed or has died: every open stream to it must then abort its
    /// client connection (an E2B client tells a killed sandbox by that, and by 502 on /health).
    /// </summary>
    public CancellationToken Stopping => stopping;

    /// <summary>Kernels of this sandbox.</summary>
    public KernelContexts Contexts { get; } = new();
}

/// <summary>What the creator of a sandbox chose.</summary>
internal sealed record SandboxSettings
{
    /// <summary>Name of the template as asked for, e.g. <c>base</c> or <c>code-interpreter-v1</c>.</summary>
    public required string Template { get; init; }

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Environment of every process and kernel in the sandbox.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Token of envd; null: not secured.</summary>
    public string? AccessToken { get; init; }

    /// <summary>Token of public ports; null: open.</summary>
    public string? TrafficAccessToken { get; init; }

    /// <summary>Life from creation. Default 300 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>null: not said.</summary>
    public bool? AllowInternetAccess { get; init; }
}
