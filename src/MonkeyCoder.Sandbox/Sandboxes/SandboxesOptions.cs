using Microsoft.Extensions.Options;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>How many sandboxes, for how long, from which templates.</summary>
internal sealed class SandboxesOptions
{
    public const string Section = "Sandboxes";

    /// <value>Life of a sandbox created through v2 without a timeout. Above zero. Default 300 s.</value>
    public TimeSpan DefaultTimeout { get; set; } = TimeSpan.FromSeconds(300);

    /// <value>Life of a sandbox created through v1 without a timeout. Above zero. Default 15 s.</value>
    public TimeSpan DefaultTimeoutV1 { get; set; } = TimeSpan.FromSeconds(15);

    /// <value>Longest life that can be asked for. From the default timeout to 30 days. Default 24 h.</value>
    public TimeSpan MaxLife { get; set; } = TimeSpan.FromHours(24);

    /// <value>
    /// Time without a request after which a sandbox ends, 1 second to 30 days; an open stream counts as one. Default none:
    /// only the end of its life does. Sandboxes that <c>/sandbox/execute</c> keeps have <c>Executions:KeptLife</c> besides.
    /// </value>
    public TimeSpan? IdleTimeout { get; set; }

    /// <value>Sandboxes alive at once on this node, 1 to 100000. Default 1000.</value>
    public int MaxSandboxes { get; set; } = 1000;

    /// <value>Sandboxes alive at once of one tenant, 1 to 100000. Default 100.</value>
    public int MaxSandboxesPerTenant { get; set; } = 100;

    /// <value>
    /// Paused sandboxes of one tenant at once, 0 (nobody can pause) to 100000. They count within the two limits above, keep the memory
    /// that was promised to them, and are never refused to resume. Default 50.
    /// </value>
    public int MaxPausedPerTenant { get; set; } = 50;

    /// <value>Time after which a paused sandbox is killed, 1 second to 30 days. Default 24 h.</value>
    public TimeSpan MaxPausedLife { get; set; } = TimeSpan.FromHours(24);

    /// <value>
    /// Time for which a paused sandbox keeps all of its memory; then the host takes what it can: page cache, and the rest where it has swap
    /// (<c>Engine:SwapPaused</c>). A sandbox that is resumed later has to read it again. 0 to 30 days. Default 1 minute.
    /// </value>
    public TimeSpan PausedMemoryKept { get; set; } = TimeSpan.FromMinutes(1);

    /// <value>
    /// Other names of templates. Default: <c>code-interpreter-v1</c> and <c>code-interpreter</c>, which E2B clients ask
    /// for, are <c>base</c>.
    /// </value>
    public Dictionary<string, string> TemplateAliases { get; } = new(StringComparer.Ordinal)
    {
        ["code-interpreter-v1"] = "base",
        ["code-interpreter"] = "base",
    };
}

/// <summary>Reports everything that is wrong at once.</summary>
internal sealed class SandboxesOptionsValidator : IValidateOptions<SandboxesOptions>
{
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(30);
    private const int MostSandboxes = 100_000;

    public ValidateOptionsResult Validate(string? name, SandboxesOptions options)
    {
        List<string> errors = [];
        if (options.DefaultTimeout <= TimeSpan.Zero) errors.Add("Sandboxes:DefaultTimeout must be above zero.");
        if (options.DefaultTimeoutV1 <= TimeSpan.Zero) errors.Add("Sandboxes:DefaultTimeoutV1 must be above zero.");
        if (options.MaxLife < options.DefaultTimeout || options.MaxLife > LongestLife)
            errors.Add("Sandboxes:MaxLife must be between Sandboxes:DefaultTimeout and 30 days.");
        if (options.IdleTimeout is { } idle && (idle < TimeSpan.FromSeconds(1) || idle > LongestLife))
            errors.Add("Sandboxes:IdleTimeout must be between 1 second and 30 days.");
        if (options.MaxSandboxes is < 1 or > MostSandboxes)
            errors.Add($"Sandboxes:MaxSandboxes must be between 1 and {MostSandboxes}.");
        if (options.MaxSandboxesPerTenant is < 1 or > MostSandboxes)
            errors.Add($"Sandboxes:MaxSandboxesPerTenant must be between 1 and {MostSandboxes}.");
        if (options.MaxPausedPerTenant is < 0 or > MostSandboxes)
            errors.Add($"Sandboxes:MaxPausedPerTenant must be between 0 and {MostSandboxes}.");
        if (options.MaxPausedLife < TimeSpan.FromSeconds(1) || options.MaxPausedLife > LongestLife)
            errors.Add("Sandboxes:MaxPausedLife must be between 1 second and 30 days.");
        if (options.PausedMemoryKept < TimeSpan.Zero || options.PausedMemoryKept > LongestLife)
            errors.Add("Sandboxes:PausedMemoryKept must be between 0 and 30 days.");
        foreach (var (alias, template) in options.TemplateAliases)
        {
            if (alias.Length == 0 || template.Length == 0 || alias.Any(char.IsUpper))
                errors.Add($"Sandboxes:TemplateAliases:{alias} must be a lower-case name of a template.");
        }

        return errors.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(errors);
    }
}
