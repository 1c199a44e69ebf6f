using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Egress;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>What the creator of a sandbox chose.</summary>
internal sealed record SandboxSettings
{
    /// <summary>Name of the template as asked for, e.g. <c>base</c> or <c>code-interpreter-v1</c>.</summary>
    public required string Template { get; init; }

    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();

    /// <summary>Environment of every process and kernel in the sandbox.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Life from creation. Default 300 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>At the end of its time it is paused instead of killed. Default false.</summary>
    public bool AutoPause { get; init; }

    /// <summary>Traffic to a port of it resumes it. Default false.</summary>
    public bool AutoResume { get; init; }

    /// <summary>Its processes and files ask for <see cref="SandboxAccessTokens.Access"/>. Default true.</summary>
    public bool Secured { get; init; } = true;

    /// <summary>Its ports are open to who knows its id. Default true; false: they ask for <see cref="SandboxAccessTokens.Traffic"/>.</summary>
    public bool AllowPublicTraffic { get; init; } = true;

    /// <summary>What was asked for its way out when it was created.</summary>
    public NetworkSettings Network { get; init; } = NetworkSettings.None;

    /// <summary>Host header that its own servers see, <c>${PORT}</c> standing for the port; null: the client's.</summary>
    public string? MaskRequestHost { get; init; }

    /// <summary><see cref="Environment"/> and what clients of E2B look for in a sandbox.</summary>
    public IReadOnlyDictionary<string, string> EnvironmentIn(ISandbox sandbox) => new Dictionary<string, string>(Environment, StringComparer.Ordinal)
    {
        ["E2B_SANDBOX"] = "true",
        ["E2B_SANDBOX_ID"] = sandbox.Id.Value,
        ["E2B_TEMPLATE_ID"] = sandbox.Spec.Template,
    };
}
