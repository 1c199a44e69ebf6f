using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Client;

/// <summary>How to run one cell.</summary>
public sealed record CellOptions
{
    /// <summary>Language of the cell, which then runs in the default context of that language.</summary>
    /// <value><c>python</c>, <c>javascript</c>, <c>typescript</c>, <c>bash</c>. Default python. Not together with <see cref="ContextId"/>.</value>
    public string? Language { get; init; }

    /// <summary>Context to run in, from <see cref="RemoteSandbox.CreateContextAsync"/>.</summary>
    /// <value>Default: the default context of the language.</value>
    public string? ContextId { get; init; }

    /// <summary>Environment variables of this cell only.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>The cell is interrupted after it; the context survives.</summary>
    /// <value>Default 5 min. <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> for no limit.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Called with each piece of standard output, in order, on the reading thread.</summary>
    public Action<string>? OnStdout { get; init; }

    /// <summary>Called with each piece of standard error, in order, on the reading thread.</summary>
    public Action<string>? OnStderr { get; init; }

    /// <summary>Called with each rich result, in order, on the reading thread.</summary>
    public Action<CellResultData>? OnResult { get; init; }
}
