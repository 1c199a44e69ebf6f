namespace MonkeyCoder.Isolation.Agents;

/// <summary>Bounds of what a client takes from an agent.</summary>
public sealed record AgentClientOptions
{
    /// <summary>Largest message of a kernel that is joined in memory, in bytes; above it comes a <see cref="CellMessageDropped"/>. Default: 32 MiB.</summary>
    public int MaxCellMessageBytes { get; init; } = 32 * 1024 * 1024;
}
