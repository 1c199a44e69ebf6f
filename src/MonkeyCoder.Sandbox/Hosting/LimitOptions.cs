using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>Hard limits of every sandbox.</summary>
internal sealed class LimitOptions
{
    public const string Section = "Limits";

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

    /// <summary>As the engine takes them.</summary>
    public SandboxLimits ToLimits() => new()
    {
        MemoryBytes = MemoryMb * Mebibyte,
        CpuPercent = CpuPercent,
        DiskBytes = DiskMb * Mebibyte,
        Processes = Processes,
        OpenFiles = OpenFiles,
    };
}

internal sealed class LimitOptionsValidator : IValidateOptions<LimitOptions>
{
    public ValidateOptionsResult Validate(string? name, LimitOptions options)
    {
        var checks = new OptionChecks(LimitOptions.Section);
        checks.InRange(nameof(options.MemoryMb), options.MemoryMb, 64, 1_048_576);
        checks.InRange(nameof(options.CpuPercent), options.CpuPercent, 1, 6400);
        checks.InRange(nameof(options.DiskMb), options.DiskMb, 16, 1_048_576);
        checks.InRange(nameof(options.Processes), options.Processes, 8, 65_536);
        checks.InRange(nameof(options.OpenFiles), options.OpenFiles, 64, 1_048_576);
        return checks.Result;
    }
}
