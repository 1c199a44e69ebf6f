using System.Text.Json;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Client;

/// <summary>What may be said about one execution beside its code.</summary>
public sealed record ExecuteCodeOptions
{
    /// <summary>Language of the code.</summary>
    /// <value>Default python.</value>
    public string? Language { get; init; }

    /// <summary>A kept sandbox to run in, from <see cref="ExecuteResponse.SandboxId"/>.</summary>
    /// <value>Default: a fresh one.</value>
    public string? SandboxId { get; init; }

    /// <summary>Keep the sandbox for a later execution.</summary>
    /// <value>Default false: it is removed.</value>
    public bool Keep { get; init; }

    /// <summary>Limits of the fresh sandbox, where they are to differ from the node's.</summary>
    /// <value>Default: the node's.</value>
    public LimitRequest? Limits { get; init; }

    /// <summary>Free-form, for the caller's own use; the service does not interpret it.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Metadata { get; init; }
}
