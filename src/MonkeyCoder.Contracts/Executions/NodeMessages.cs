using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.Executions;

/// <summary>Body of <c>POST /sandbox/cleanup</c>; may be left out.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record CleanupRequest
{
    /// <value>Remove this sandbox, idle or not. Default: every kept sandbox of the tenant that runs no cell.</value>
    public string? SandboxId { get; init; }
}

/// <summary>Answer of <c>POST /sandbox/cleanup</c>.</summary>
/// <param name="Removed">Sandboxes removed.</param>
/// <param name="Remaining">Kept sandboxes of the tenant that live on.</param>
public sealed record CleanupResponse(int Removed, int Remaining);

/// <summary>Answer of <c>GET /health</c>, <c>/healthz</c> and <c>/sandbox/health</c>.</summary>
/// <param name="Status"><c>ok</c>.</param>
/// <param name="Version">Version of the service.</param>
/// <param name="Sandboxes">Sandboxes that are live, paused or not.</param>
/// <param name="Pooled">Sandboxes that wait ready.</param>
/// <param name="Templates">Templates that can be asked for.</param>
/// <param name="Tier">What stands between sandboxes and the host: <c>container</c> or <c>unprivileged</c>.</param>
/// <param name="Warning">What the tier does not hold; null for the container tier.</param>
/// <param name="Zygotes">Processes from which Python kernels are forked; 0: they are started, which takes longer.</param>
public sealed record HealthResponse(
    string Status, string Version, int Sandboxes, int Pooled, IReadOnlyList<string> Templates, string Tier, string? Warning = null,
    int Zygotes = 0);

/// <summary>Answer of <c>GET /sandbox/metrics</c>: the node at a glance.</summary>
/// <param name="UptimeSeconds">Since the service started.</param>
/// <param name="Sandboxes">Counts of sandboxes.</param>
/// <param name="Executions">Counts of executions since the start.</param>
/// <param name="Usage">Sums over the live sandboxes.</param>
public sealed record NodeMetricsResponse(
    double UptimeSeconds, NodeSandboxes Sandboxes, NodeExecutions Executions, NodeUsage Usage);

/// <summary>Counts of sandboxes.</summary>
/// <param name="Live">Owned by somebody, paused or not.</param>
/// <param name="Kept">Kept by <c>/sandbox/execute</c>, within <paramref name="Live"/>.</param>
/// <param name="Pooled">Ready and waiting.</param>
/// <param name="Paused">Paused, within <paramref name="Live"/>.</param>
public sealed record NodeSandboxes(int Live, int Kept, int Pooled, int Paused);

/// <summary>Counts of executions since the start of the service.</summary>
/// <param name="Running">Running now.</param>
/// <param name="Completed">Came to their end.</param>
/// <param name="Failed">Raised.</param>
/// <param name="Timeout">Went over their time.</param>
/// <param name="Killed">Ended by a limit.</param>
/// <param name="Cancelled">Ended by their caller.</param>
public sealed record NodeExecutions(long Running, long Completed, long Failed, long Timeout, long Killed, long Cancelled);

/// <summary>Sums over the live sandboxes.</summary>
/// <param name="MemoryBytes">Charged now.</param>
/// <param name="CpuPercent">Of one CPU, since the last reading.</param>
/// <param name="DiskBytes">In writable layers.</param>
/// <param name="Processes">Alive now.</param>
public sealed record NodeUsage(long MemoryBytes, double CpuPercent, long DiskBytes, int Processes);
