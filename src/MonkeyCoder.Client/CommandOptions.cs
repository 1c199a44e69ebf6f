namespace MonkeyCoder.Client;

/// <summary>How to run a command.</summary>
public sealed record CommandOptions
{
    /// <summary>Working directory; relative to the user's home.</summary>
    /// <value>Default: the home.</value>
    public string? WorkingDirectory { get; init; }

    /// <summary>Environment variables, on top of the sandbox's.</summary>
    public IReadOnlyDictionary<string, string>? Environment { get; init; }

    /// <summary>User to run as: <c>user</c>, or <c>root</c> where the template allows it.</summary>
    /// <value>Default: the sandbox's user.</value>
    public string? User { get; init; }

    /// <summary>Give it a standard input to write to; otherwise it reads an empty one.</summary>
    /// <value>Default false.</value>
    public bool Stdin { get; init; }

    /// <summary>The command is killed after it.</summary>
    /// <value>Default 1 min. <see cref="System.Threading.Timeout.InfiniteTimeSpan"/> for no limit.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Called with each piece of standard output in order, on the reading thread.</summary>
    public Action<ReadOnlyMemory<byte>>? OnStdout { get; init; }

    /// <summary>Called with each piece of standard error in order, on the reading thread.</summary>
    public Action<ReadOnlyMemory<byte>>? OnStderr { get; init; }
}
