using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>Directories of the node.</summary>
internal sealed class StorageOptions
{
    public const string Section = "Storage";

    /// <value>Keys, the store and the records of live sandboxes. An absolute path. Default /var/lib/monkeycoder.</value>
    public string StateDirectory { get; set; } = "/var/lib/monkeycoder";

    /// <value>What can be made again: template builds and downloads. An absolute path. Default /var/cache/monkeycoder.</value>
    public string CacheDirectory { get; set; } = "/var/cache/monkeycoder";
}

internal sealed class StorageOptionsValidator : IValidateOptions<StorageOptions>
{
    public ValidateOptionsResult Validate(string? name, StorageOptions options)
    {
        var checks = new OptionChecks(StorageOptions.Section);
        checks.IsAbsolutePath(nameof(options.StateDirectory), options.StateDirectory);
        checks.IsAbsolutePath(nameof(options.CacheDirectory), options.CacheDirectory);
        return checks.Result;
    }
}
