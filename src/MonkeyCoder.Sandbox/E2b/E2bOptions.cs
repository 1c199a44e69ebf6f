using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.E2b;

/// <summary>How the E2B API is served.</summary>
internal sealed class E2bOptions
{
    public const string Section = "E2b";

    /// <value>
    /// Domain under which <c>{port}-{sandbox}.{domain}</c> reaches this node, with its port where that is not 443. It is
    /// told to clients on create. Default null: clients keep their own.
    /// </value>
    public string? Domain { get; set; }

    /// <value>Largest cell of the code interpreter in bytes of UTF-8, 1 KiB to 3 MiB. Default 2 MiB.</value>
    public int MaxCodeBytes { get; set; } = 2 * 1024 * 1024;

    /// <value>Watchers that clients may leave open in one sandbox, 1 to 1000. Default 128.</value>
    public int MaxWatchers { get; set; } = 128;

    /// <value>Idle time after which a proxied connection to a sandbox's port is dropped. Above zero. Default 10 min.</value>
    public TimeSpan ProxyIdleTimeout { get; set; } = TimeSpan.FromMinutes(10);
}

/// <summary>Reports everything that is wrong at once.</summary>
internal sealed partial class E2bOptionsValidator : IValidateOptions<E2bOptions>
{
    private const int LeastCodeBytes = 1024;
    private const int MostCodeBytes = 3 * 1024 * 1024;
    private const int MostWatchers = 1000;

    public ValidateOptionsResult Validate(string? name, E2bOptions options)
    {
        List<string> errors = [];
        if (options.Domain is { } domain && !DomainPattern().IsMatch(domain))
            errors.Add("E2b:Domain must be a lower-case host name, with an optional port.");
        if (options.MaxCodeBytes is < LeastCodeBytes or > MostCodeBytes)
            errors.Add($"E2b:MaxCodeBytes must be between {LeastCodeBytes} and {MostCodeBytes}.");
        if (options.MaxWatchers is < 1 or > MostWatchers)
            errors.Add($"E2b:MaxWatchers must be between 1 and {MostWatchers}.");
        if (options.ProxyIdleTimeout <= TimeSpan.Zero) errors.Add("E2b:ProxyIdleTimeout must be above zero.");
        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }

    [GeneratedRegex(@"^[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?\z")]
    private static partial Regex DomainPattern();
}
