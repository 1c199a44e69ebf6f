namespace MonkeyCoder.Client;

/// <summary>What a new sandbox is made from.</summary>
public sealed record SandboxCreateOptions
{
    /// <summary>Template by name, <c>name:tag</c> or id.</summary>
    /// <value>Default <c>code-interpreter-v1</c>: Python, JavaScript and bash kernels.</value>
    public string Template { get; init; } = "code-interpreter-v1";

    /// <summary>Life of the sandbox from now; it is killed then, or paused, see <see cref="PauseAtEnd"/>.</summary>
    /// <value>Default 5 min; at least 1 s, in whole seconds.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether it is paused at the end of its life instead of killed.</summary>
    /// <value>Default false.</value>
    public bool PauseAtEnd { get; init; }

    /// <summary>Whether a request to it resumes it when it is paused.</summary>
    /// <value>Default false: only <see cref="SandboxClient.ConnectAsync"/> does.</value>
    public bool ResumeOnTraffic { get; init; }

    /// <summary>Free text to find it by.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Environment variables of every process and kernel in it.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>Whether it may reach the internet.</summary>
    /// <value>Default null: what the node's operator set.</value>
    public bool? AllowInternetAccess { get; init; }
}
