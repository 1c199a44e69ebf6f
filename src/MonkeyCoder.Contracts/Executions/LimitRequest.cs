using System.Text.Json;
using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.Executions;

/// <summary>
/// Limits of a fresh sandbox that differ from the node's. What is left out is the node's; nothing can be above the
/// operator's maximum.
/// </summary>
public sealed record LimitRequest
{
    /// <value>Memory in MiB, page cache and tmpfs included, at least 64.</value>
    public int? MemoryMb { get; init; }

    /// <value>Percent of one CPU, at least 1.</value>
    public int? CpuPercent { get; init; }

    /// <value>Writable root and home in MiB, at least 16.</value>
    public int? DiskMb { get; init; }

    /// <value>Processes and threads, at least 8.</value>
    public int? Processes { get; init; }

    /// <value>Open files of each process, at least 64.</value>
    public int? OpenFiles { get; init; }

    /// <value>Megabits per second through the egress gateway, at least 1.</value>
    public int? NetworkMbps { get; init; }

    /// <value>Fields that are not known; a service refuses them by name. Not init: extension data cannot bind to one.</value>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? Unknown { get; set; }
}
