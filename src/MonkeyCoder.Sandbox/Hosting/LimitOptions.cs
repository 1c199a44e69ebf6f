using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>Hard limits: those of every sandbox, and up to where a request may raise them for its own.</summary>
internal sealed class LimitOptions
{
    public const string Section = "Limits";

    public const int LeastMemoryMb = 64;
    public const int LeastCpuPercent = 1;
    public const int LeastDiskMb = 16;
    public const int LeastProcesses = 8;
    public const int LeastOpenFiles = 64;
    public const int LeastFiles = 1000;
    public const int LeastNetworkMbps = 1;

    private const long Mebibyte = 1024 * 1024;

    /// <value>Memory in MiB, page cache and tmpfs included, no swap, 64 to 1048576. Default 512.</value>
    public int MemoryMb { get; set; } = 512;

    /// <value>Percent of one CPU, 1 to 6400. Default 50.</value>
    public int CpuPercent { get; set; } = 50;

    /// <value>Writable root and home in MiB, 16 to 1048576. Default 1024.</value>
    public int DiskMb { get; set; } = 1024;

    /// <value>Processes and threads, 8 to 65536. Default 128.</value>
    public int Processes { get; set; } = 128;

    /// <value>Open files of each process, 64 to 1048576. Default 1024.</value>
    public int OpenFiles { get; set; } = 1024;

    /// <value>Files and directories that a sandbox can have in its root, home and volumes together, 1000 to 1000000. Above it nothing can be added until some are deleted. Default 150000.</value>
    public int Files { get; set; } = 150_000;

    /// <value>Megabits a second to and from the network, each, 1 to 100000. Default 100.</value>
    public int NetworkMbps { get; set; } = 100;

    /// <value>Most memory in MiB that a request may ask for, from <c>MemoryMb</c> to 1048576. Default: <c>MemoryMb</c>, so that it can only ask for less.</value>
    public int? CeilingMemoryMb { get; set; }

    /// <value>Most percent of one CPU that a request may ask for, from <c>CpuPercent</c> to 6400. Default: <c>CpuPercent</c>, so that it can only ask for less.</value>
    public int? CeilingCpuPercent { get; set; }

    /// <value>Most disk in MiB that a request may ask for, from <c>DiskMb</c> to 1048576. Default: <c>DiskMb</c>, so that it can only ask for less.</value>
    public int? CeilingDiskMb { get; set; }

    /// <value>Most processes and threads that a request may ask for, from <c>Processes</c> to 65536. Default: <c>Processes</c>, so that it can only ask for less.</value>
    public int? CeilingProcesses { get; set; }

    /// <value>Most open files that a request may ask for, from <c>OpenFiles</c> to 1048576. Default: <c>OpenFiles</c>, so that it can only ask for less.</value>
    public int? CeilingOpenFiles { get; set; }

    /// <value>Most megabits per second that a request may ask for, from <c>NetworkMbps</c> to 100000. Default: <c>NetworkMbps</c>, so that it can only ask for less.</value>
    public int? CeilingNetworkMbps { get; set; }

    /// <summary>As the engine takes them.</summary>
    public SandboxLimits ToLimits() => new()
    {
        MemoryBytes = MemoryMb * Mebibyte,
        CpuPercent = CpuPercent,
        DiskBytes = DiskMb * Mebibyte,
        Processes = Processes,
        OpenFiles = OpenFiles,
        Files = Files,
        NetworkMbps = NetworkMbps,
    };
}

internal sealed class LimitOptionsValidator : IValidateOptions<LimitOptions>
{
    public ValidateOptionsResult Validate(string? name, LimitOptions options)
    {
        var checks = new OptionChecks(LimitOptions.Section);
        checks.InRange(nameof(options.MemoryMb), options.MemoryMb, LimitOptions.LeastMemoryMb, 1_048_576);
        if (options.CeilingMemoryMb is { } ceilingMemoryMb) checks.InRange(nameof(options.CeilingMemoryMb), ceilingMemoryMb, options.MemoryMb, 1_048_576);
        checks.InRange(nameof(options.CpuPercent), options.CpuPercent, LimitOptions.LeastCpuPercent, 6400);
        if (options.CeilingCpuPercent is { } ceilingCpuPercent) checks.InRange(nameof(options.CeilingCpuPercent), ceilingCpuPercent, options.CpuPercent, 6400);
        checks.InRange(nameof(options.DiskMb), options.DiskMb, LimitOptions.LeastDiskMb, 1_048_576);
        if (options.CeilingDiskMb is { } ceilingDiskMb) checks.InRange(nameof(options.CeilingDiskMb), ceilingDiskMb, options.DiskMb, 1_048_576);
        checks.InRange(nameof(options.Processes), options.Processes, LimitOptions.LeastProcesses, 65_536);
        if (options.CeilingProcesses is { } ceilingProcesses) checks.InRange(nameof(options.CeilingProcesses), ceilingProcesses, options.Processes, 65_536);
        checks.InRange(nameof(options.OpenFiles), options.OpenFiles, LimitOptions.LeastOpenFiles, 1_048_576);
        if (options.CeilingOpenFiles is { } ceilingOpenFiles) checks.InRange(nameof(options.CeilingOpenFiles), ceilingOpenFiles, options.OpenFiles, 1_048_576);
        checks.InRange(nameof(options.Files), options.Files, LimitOptions.LeastFiles, 1_000_000);
        checks.InRange(nameof(options.NetworkMbps), options.NetworkMbps, LimitOptions.LeastNetworkMbps, 100_000);
        if (options.CeilingNetworkMbps is { } ceilingNetworkMbps) checks.InRange(nameof(options.CeilingNetworkMbps), ceilingNetworkMbps, options.NetworkMbps, 100_000);
        return checks.Result;
    }
}
