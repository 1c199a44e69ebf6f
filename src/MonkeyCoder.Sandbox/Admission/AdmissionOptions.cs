using Microsoft.Extensions.Options;
using MonkeyCoder.Sandbox.Hosting;

namespace MonkeyCoder.Sandbox.Admission;

/// <summary>When the node refuses new sandboxes for want of memory or disk. What runs is not touched.</summary>
internal sealed class AdmissionOptions
{
    public const string Section = "Admission";

    /// <value>
    /// How much more memory the limits of all sandboxes may promise than the host has, 1 to 100. Most sandboxes use little
    /// of their limit. Default 4.
    /// </value>
    public double MemoryOvercommit { get; set; } = 4;

    /// <value>Memory in MiB that stays with the host and the service, 0 to 1048576. Default 256.</value>
    public int ReservedMemoryMb { get; set; } = 256;

    /// <value>Free disk in MiB below which nothing new is started, 0 to 1048576. Default 1024.</value>
    public int MinFreeDiskMb { get; set; } = 1024;

    /// <value>What a refused caller is told to wait, 1 second to 1 hour. Default 5 seconds.</value>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(5);
}

internal sealed class AdmissionOptionsValidator : IValidateOptions<AdmissionOptions>
{
    public ValidateOptionsResult Validate(string? name, AdmissionOptions options)
    {
        var checks = new OptionChecks(AdmissionOptions.Section);
        checks.InRange(nameof(options.MemoryOvercommit), options.MemoryOvercommit, 1, 100);
        checks.InRange(nameof(options.ReservedMemoryMb), options.ReservedMemoryMb, 0, 1_048_576);
        checks.InRange(nameof(options.MinFreeDiskMb), options.MinFreeDiskMb, 0, 1_048_576);
        checks.InRange(nameof(options.RetryAfter), options.RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        return checks.Result;
    }
}
