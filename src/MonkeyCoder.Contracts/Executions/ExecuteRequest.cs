using System.Text.Json;
using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.Executions;

/// <summary>Body of <c>POST /sandbox/execute</c>. Only <see cref="Code"/> is needed.</summary>
public sealed record ExecuteRequest
{
    /// <value>Kind of sandbox: <c>code</c> (default) or <c>browser</c>.</value>
    public string? SandboxType { get; init; }

    /// <value>What to do: <c>execute</c> (default of code sandboxes).</value>
    public string? Action { get; init; }

    /// <value>The cell, at most 1 MiB of UTF-8 by default.</value>
    public string? Code { get; init; }

    /// <value>python (default), javascript, typescript or bash.</value>
    public string? Language { get; init; }

    /// <value>Seconds until the cell is interrupted, above 0. Default 30.</value>
    public double? Timeout { get; init; }

    /// <value>Free-form, for the caller's own use; accepted and not interpreted.</value>
    public IReadOnlyDictionary<string, JsonElement>? Metadata { get; init; }

    /// <value>Run in this live sandbox, whose state the cell sees and changes. Default: a fresh one.</value>
    public string? SandboxId { get; init; }

    /// <value>Keep the sandbox after the cell; the answer names it. Default false: removed at once.</value>
    public bool? Keep { get; init; }

    /// <value>Limits of the fresh sandbox. Default: the node's. Not for a sandbox that is live already.</value>
    public LimitRequest? Limits { get; init; }

    /// <value>Id of the execution. Default: the subject of the token, or a new one. Must agree with the token where there is one.</value>
    public string? ExecutionId { get; init; }

    /// <value>Check the code before it runs: raises the operator's level, and never lowers it. Default: the operator's.</value>
    public CodeCheckLevel? CodeChecks { get; init; }

    /// <value>Fields that are not known; a service refuses them by name. Not init: extension data cannot bind to one.</value>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}
