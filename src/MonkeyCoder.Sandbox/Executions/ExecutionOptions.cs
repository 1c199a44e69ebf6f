using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Cells and <c>/sandbox/execute</c>.</summary>
internal sealed class ExecutionOptions
{
    public const string Section = "Executions";

    private const int Mebibyte = 1024 * 1024;

    /// <value>Time of a cell whose request names none, up to <see cref="MaxTimeout"/>. Default 30 seconds.</value>
    public TimeSpan DefaultTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>Longest time that a request may ask for, 1 second to 1 day. Default 1 hour.</value>
    public TimeSpan MaxTimeout { get; set; } = TimeSpan.FromHours(1);

    /// <value>Largest code of a cell in bytes of UTF-8, 1 KiB to 3 MiB. Default 1 MiB.</value>
    public int MaxCodeBytes { get; set; } = Mebibyte;

    /// <value>Bytes of stdout and stderr together that one answer carries; the rest is dropped and reported. 1 KiB to 256 MiB. Default 10 MiB.</value>
    public int MaxOutputBytes { get; set; } = 10 * Mebibyte;

    /// <value>Bytes of rich results that one answer carries; results over it are dropped and reported. 1 KiB to 256 MiB. Default 32 MiB.</value>
    public int MaxResultBytes { get; set; } = 32 * Mebibyte;

    /// <value>Lines in the answer's list of lines; the rest stands in the streams only, and is reported. 1 to 1000000. Default 10000.</value>
    public int MaxLogLines { get; set; } = 10_000;

    /// <value>How long an interrupted cell may take to end before its kernel is killed, 1 second to 1 minute. Default 5 seconds.</value>
    public TimeSpan InterruptGrace { get; set; } = TimeSpan.FromSeconds(5);

    /// <value>How long a kernel may take to start, 1 second to 10 minutes. Default 1 minute.</value>
    public TimeSpan KernelStartTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>Life of a kept sandbox after its last cell, 1 second to 30 days. Default 5 minutes.</value>
    public TimeSpan KeptLife { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Largest body of an execute request: every byte of the code may be escaped as six, and metadata comes on top.</summary>
    public int MaxBodyBytes => (MaxCodeBytes * 6) + Mebibyte;
}

internal sealed class ExecutionOptionsValidator : IValidateOptions<ExecutionOptions>
{
    private const int Kibibyte = 1024;
    private const int Mebibyte = 1024 * Kibibyte;

    public ValidateOptionsResult Validate(string? name, ExecutionOptions options)
    {
        var checks = new OptionChecks(ExecutionOptions.Section);
        checks.InRange(nameof(options.MaxTimeout), options.MaxTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        checks.InRange(nameof(options.DefaultTimeout), options.DefaultTimeout, TimeSpan.FromMilliseconds(1), options.MaxTimeout);
        checks.InRange(nameof(options.MaxCodeBytes), options.MaxCodeBytes, Kibibyte, 3 * Mebibyte);
        checks.InRange(nameof(options.MaxOutputBytes), options.MaxOutputBytes, Kibibyte, 256 * Mebibyte);
        checks.InRange(nameof(options.MaxResultBytes), options.MaxResultBytes, Kibibyte, 256 * Mebibyte);
        checks.InRange(nameof(options.MaxLogLines), options.MaxLogLines, 1, 1_000_000);
        checks.InRange(nameof(options.InterruptGrace), options.InterruptGrace, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1));
        checks.InRange(
            nameof(options.KernelStartTimeout), options.KernelStartTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        checks.InRange(nameof(options.KeptLife), options.KeptLife, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30));
        return checks.Result;
    }
}
