using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Hosting;
using MonkeyCoder.Sandbox.Problems;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Checks the limits that a request asks for against those that the operator allows.</summary>
internal sealed class LimitPlanner(SandboxLimits limits, IOptions<LimitOptions> options, ISandboxEngine engine)
{
    private const long Mebibyte = 1024 * 1024;
    private const int MaxNameInDetail = 100;

    /// <summary>The node's limits, changed where the request says so.</summary>
    public Result<SandboxLimits> Plan(LimitRequest? asked)
    {
        if (asked is null) return limits;
        if (Check(asked) is { } problem) return problem;
        return limits with
        {
            MemoryBytes = asked.MemoryMb * Mebibyte ?? limits.MemoryBytes,
            CpuPercent = asked.CpuPercent ?? limits.CpuPercent,
            DiskBytes = asked.DiskMb * Mebibyte ?? limits.DiskBytes,
            Processes = asked.Processes ?? limits.Processes,
            OpenFiles = asked.OpenFiles ?? limits.OpenFiles,
            NetworkMbps = asked.NetworkMbps ?? limits.NetworkMbps,
        };
    }

    private Problem? Check(LimitRequest asked)
    {
        if (asked.Unknown?.Keys.FirstOrDefault() is { } unknown)
        {
            return ProblemCatalog.Make(
                ProblemCodes.UnknownField,
                $"There is no field 'limits.{unknown[..Math.Min(unknown.Length, MaxNameInDetail)]}'; the fields are memory_mb, cpu_percent, "
                + "disk_mb, processes, open_files and network_mbps.");
        }

        var tier = engine.Tier;
        if (!tier.LimitsCpu && asked.CpuPercent is not null) return Unavailable("cpu_percent", tier);
        if (!tier.LimitsProcesses && asked.Processes is not null) return Unavailable("processes", tier);
        if (!tier.HasNetwork && asked.NetworkMbps is not null) return Unavailable("network_mbps", tier);
        var node = options.Value;
        return Check("memory_mb", asked.MemoryMb, LimitOptions.LeastMemoryMb, node.CeilingMemoryMb ?? node.MemoryMb)
            ?? Check("cpu_percent", asked.CpuPercent, LimitOptions.LeastCpuPercent, node.CeilingCpuPercent ?? node.CpuPercent)
            ?? Check("disk_mb", asked.DiskMb, LimitOptions.LeastDiskMb, node.CeilingDiskMb ?? node.DiskMb)
            ?? Check("processes", asked.Processes, LimitOptions.LeastProcesses, node.CeilingProcesses ?? node.Processes)
            ?? Check("open_files", asked.OpenFiles, LimitOptions.LeastOpenFiles, node.CeilingOpenFiles ?? node.OpenFiles)
            ?? Check("network_mbps", asked.NetworkMbps, LimitOptions.LeastNetworkMbps, node.CeilingNetworkMbps ?? node.NetworkMbps);
    }

    private static Problem Unavailable(string name, TierDescription tier) => ProblemCatalog.Make(
        ProblemCodes.LimitNotAvailable,
        $"The limit '{name}' cannot be set in the {tier.Name} tier of this node; leave it out, or use a node of the container tier.");

    private static Problem? Check(string name, int? value, int least, int most) =>
        value is null || (value >= least && value <= most)
            ? null
            : ProblemCatalog.Make(
                ProblemCodes.LimitOutOfRange, $"The limit '{name}' is {value} and may be {least} to {most}; ask for a value within, or leave it out.");
}
