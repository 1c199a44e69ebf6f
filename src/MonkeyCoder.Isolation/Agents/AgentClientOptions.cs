namespace MonkeyCoder.Isolation.Agents;

/// <summary>Bounds of what a client takes from an agent, and of how long it waits.</summary>
public sealed record AgentClientOptions
{
    /// <summary>Largest message of a kernel that is joined in memory, in bytes; above it comes a <see cref="CellMessageDropped"/>. Default: 32 MiB.</summary>
    public int MaxCellMessageBytes { get; init; } = 32 * 1024 * 1024;

    /// <summary>
    /// For the first answer to what an agent does at once: starting a process and finding, listing or signalling one. An agent
    /// that is frozen says nothing, and its socket takes requests all the same. Default: 20 s.
    /// </summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>
    /// How much of one CPU the output of one sandbox may cost this process, as it estimates; what comes faster waits in the
    /// sandbox. 0.01 to 1. Default: 0.25.
    /// </summary>
    public double OutputCpuShare { get; init; } = 0.25;

    /// <summary>Measures both. Default: the system's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
