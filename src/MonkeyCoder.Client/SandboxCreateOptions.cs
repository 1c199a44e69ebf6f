namespace MonkeyCoder.Client;

/// <summary>What a new sandbox is made from.</summary>
public sealed record SandboxCreateOptions
{
    /// <summary>Template by name, <c>name:tag</c> or id.</summary>
    /// <value>Default <c>code-interpreter-v1</c>: Python, JavaScript and bash kernels.</value>
    public string Template { get; init; } = "code-interpreter-v1";

    /// <summary>Life of the sandbox from now; it is killed then.</summary>
    /// <value>Default 5 min; at least 1 s, in whole seconds.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Free text to find it by.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Environment variables of every process and kernel in it.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Whether it may reach the internet.</summary>
    /// <value>Default null: what the node's operator set.</value>
    public bool? AllowInternetAccess { get; init; }
}
