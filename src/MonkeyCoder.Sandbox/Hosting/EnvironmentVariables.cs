namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>
/// The service's own environment variables and the configuration keys that they set. Every other key can be set with
/// two underscores for the colon, e.g. <c>Executions__MaxCodeBytes</c>.
/// </summary>
internal static class EnvironmentVariables
{
    /// <summary>Name and key, in the order of docs/CONFIGURATION.md.</summary>
    public static IReadOnlyList<(string Name, string Key)> All { get; } =
    [
        ("SANDBOX_HOST", "Hosting:Host"),
        ("SANDBOX_PORT", "Hosting:Port"),
        ("SANDBOX_METRICS_PORT", "Hosting:MetricsPort"),
        ("SANDBOX_TOKEN_SECRET_FILE", "Security:TokenSecretFile"),
        ("SANDBOX_TOKEN_SECRET", "Security:TokenSecret"),
        ("SANDBOX_TOKEN_SECRET_PREVIOUS", "Security:PreviousTokenSecret"),
        ("SANDBOX_CODE_CHECKS", "Security:CodeChecks"),
        ("SANDBOX_MAX_MEMORY_MB", "Limits:MemoryMb"),
        ("SANDBOX_MAX_CPU_PERCENT", "Limits:CpuPercent"),
        ("SANDBOX_MAX_DISK_MB", "Limits:DiskMb"),
        ("SANDBOX_MAX_FILES", "Limits:Files"),
        ("SANDBOX_MAX_NETWORK_MBPS", "Limits:NetworkMbps"),
        ("SANDBOX_CEILING_MEMORY_MB", "Limits:CeilingMemoryMb"),
        ("SANDBOX_CEILING_CPU_PERCENT", "Limits:CeilingCpuPercent"),
        ("SANDBOX_CEILING_DISK_MB", "Limits:CeilingDiskMb"),
        ("SANDBOX_IDLE_TIMEOUT", "Sandboxes:IdleTimeout"),
        ("SANDBOX_MAX_SANDBOXES", "Sandboxes:MaxSandboxes"),
        ("SANDBOX_MAX_SANDBOXES_PER_TENANT", "Sandboxes:MaxSandboxesPerTenant"),
        ("SANDBOX_MEMORY_OVERCOMMIT", "Admission:MemoryOvercommit"),
        ("SANDBOX_ALLOWED_DOMAINS", "Egress:AllowedDomains"),
        ("SANDBOX_POOL_SIZE", "Engine:PoolSize"),
        ("SANDBOX_TIER", "Engine:Tier"),
        ("MONKEY_STATE_DIR", "Storage:StateDirectory"),
        ("MONKEY_CACHE_DIR", "Storage:CacheDirectory"),
    ];

    /// <summary>The variable of a key, or null.</summary>
    public static string? NameOf(string key) => All.FirstOrDefault(variable => variable.Key == key).Name;

    /// <summary>Adds the variables that are set, winning over every other source but the command line.</summary>
    public static IConfigurationBuilder AddNodeVariables(this IConfigurationBuilder configuration)
    {
        var values = new Dictionary<string, string?>();
        foreach (var (name, key) in All)
            if (Environment.GetEnvironmentVariable(name) is { Length: > 0 } value) values[key] = value;
        return configuration.AddInMemoryCollection(values);
    }
}
