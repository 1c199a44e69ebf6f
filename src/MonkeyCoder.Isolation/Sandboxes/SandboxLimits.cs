namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Hard limits of one sandbox.</summary>
public sealed record SandboxLimits
{
    /// <summary>Tasks on top of <see cref="Processes"/> for the threads of the agent itself.</summary>
    internal const int AgentTaskReserve = 32;

    /// <value>Bytes of memory, page cache and tmpfs included, no swap. Default 512 MiB.</value>
    public long MemoryBytes { get; init; } = 512L * 1024 * 1024;

    /// <value>Percent of one CPU, CFS quota. Default 50.</value>
    public int CpuPercent { get; init; } = 50;

    /// <value>Bytes of the writable root and home. Default 1 GiB.</value>
    public long DiskBytes { get; init; } = 1024L * 1024 * 1024;

    /// <value>Processes and threads of the user's code. Default 128.</value>
    public int Processes { get; init; } = 128;

    /// <value>Open files of each process. Default 1024.</value>
    public int OpenFiles { get; init; } = 1024;

    /// <value>Files of every kind in the writable layer and the volumes together. Default 150,000.</value>
    public int Files { get; init; } = 150_000;

    /// <value>Megabits a second through the way out, each direction. Default 100.</value>
    public int NetworkMbps { get; init; } = 100;
}
