namespace MonkeyCoder.Linux;

/// <summary>What <see cref="Libc.Spawn"/> starts. No string may hold a NUL.</summary>
public sealed record SpawnRequest
{
    /// <summary>The program; not searched in PATH. Relative: to <see cref="WorkingDirectory"/>.</summary>
    public required string Path { get; init; }

    /// <summary>argv, with argv[0].</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>The whole environment, as <c>KEY=value</c>. Default: empty.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Where it starts. Default null: where the caller is.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>
    /// The descriptors it gets, each by the number it will have. 0, 1 and 2 are <c>/dev/null</c> where not named;
    /// everything else is closed. Default: none.
    /// </summary>
    public IReadOnlyList<DescriptorMapping> Descriptors { get; init; } = [];

    /// <summary>Path of a terminal to open as fd 0, 1 and 2; with a new session it becomes the controlling one. Default: none.</summary>
    public string? Terminal { get; init; }

    /// <summary>Make it the leader of a new session and process group (setsid(2)). Default true.</summary>
    public bool NewSession { get; init; } = true;
}

/// <summary>The child sees <paramref name="Source"/> as number <paramref name="Target"/>.</summary>
public readonly record struct DescriptorMapping(FileDescriptor Source, int Target);
