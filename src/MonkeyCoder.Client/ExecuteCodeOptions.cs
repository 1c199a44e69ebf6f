namespace MonkeyCoder.Client;

/// <summary>What may be said about one execution beside its code.</summary>
public sealed record ExecuteCodeOptions
{
    /// <summary>Language of the code.</summary>
    /// <value>Default python.</value>
    public string? Language { get; init; }

    /// <summary>A kept sandbox to run in, from <see cref="ExecuteCodeResult.SandboxId"/>.</summary>
    /// <value>Default: a fresh one.</value>
    public string? SandboxId { get; init; }

    /// <summary>Keep the sandbox for a later execution.</summary>
    /// <value>Default false: it is removed.</value>
    public bool Keep { get; init; }

    /// <summary>Free text that goes with the execution.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
