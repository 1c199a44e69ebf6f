using Microsoft.Extensions.Options;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>The local engine.</summary>
internal sealed class EngineSettings
{
    public const string Section = EngineOptions.Section;

    private const long Mebibyte = 1024 * 1024;

    /// <value>Sandboxes of the base template that wait ready, for each of the two profiles, 0 to 1000. Default 2.</value>
    public int PoolSize { get; set; } = 2;

    /// <value>
    /// How many wait at most, for each profile, where recent creates ask for them and the node has room, 0 to 1000; at least
    /// <see cref="PoolSize"/>. Default 100.
    /// </value>
    public int PoolMaxSize { get; set; } = 100;

    /// <value>How long a busy second keeps the pool large, 1 second to 1 day. Default 2 minutes.</value>
    public TimeSpan PoolMemory { get; set; } = TimeSpan.FromMinutes(2);

    /// <value>Sandboxes being launched at the same time, 1 to 64. Default 2.</value>
    public int LaunchConcurrency { get; set; } = 2;

    /// <value>From the start of a launch to an agent that answers, 1 second to 10 minutes. Default 30 seconds.</value>
    public TimeSpan LaunchTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>For removing one sandbox; what is left then is removed at the next start. 1 second to 10 minutes. Default 10 seconds.</value>
    public TimeSpan TeardownTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>Ended sandboxes of which mounts, files or groups are left, from which on new ones wait until it is fewer. 1 to 1000. Default 32.</value>
    public int MostPendingRemovals { get; set; } = 32;

    /// <value>
    /// What stands between sandboxes and the host: <c>container</c> (namespaces; needs root), <c>gvisor</c> (a container with a kernel
    /// of its own), or <c>unprivileged</c> for hosts that give no namespaces, which is weaker: see docs/SECURITY-MODEL.md. Default
    /// container.
    /// </value>
    public IsolationTier Tier { get; set; } = IsolationTier.Container;

    /// <value>
    /// Who builds the walls of the container tier: <c>native</c> (the node's own launcher, where the host has cgroup v1 hierarchies;
    /// elsewhere the OCI runtime) or <c>runc</c> (the OCI runtime, the reference). Default native.
    /// </value>
    public SandboxLauncher Launcher { get; set; } = SandboxLauncher.Native;

    /// <value>
    /// Fork Python kernels from a process that has numpy, pandas and matplotlib loaded, in the container tier, instead of starting
    /// them. Default true.
    /// </value>
    public bool Zygote { get; set; } = true;

    /// <value>The OCI runtime, an absolute path. Default /usr/sbin/runc.</value>
    public string RuntimePath { get; set; } = "/usr/sbin/runc";

    /// <value>gVisor's runtime, for its tier, an absolute path. Default /usr/bin/runsc.</value>
    public string GvisorPath { get; set; } = "/usr/bin/runsc";

    /// <value>How gVisor catches system calls: ptrace, systrap or kvm, as its version can. Default ptrace.</value>
    public string GvisorPlatform { get; set; } = "ptrace";

    /// <value>
    /// Whether the memory of paused sandboxes may go to the host's swap, where it has any (zram is swap too); that of running ones never
    /// does. What was swapped to a disk can be read there until it is overwritten, as can files of sandboxes. Default true.
    /// </value>
    public bool SwapPaused { get; set; } = true;

    /// <value>Sockets and claims of uid ranges, the same for every service of the machine. An absolute path. Default /run/monkeycoder.</value>
    public string RunDirectory { get; set; } = "/run/monkeycoder";

    /// <value>Size of the store's file in MiB, used when it is made; it is sparse. Default: 64 GiB, or 80 % of the free space where that is less.</value>
    public int? StoreSizeMb { get; set; }

    /// <value>Directory with the templates' recipes. Default: the nearest one named templates at or above the program.</value>
    public string? TemplatesDirectory { get; set; }

    /// <value>The agent's binary. Default: agent/monkey-agent beside the program, or the repository's published one.</value>
    public string? AgentPath { get; set; }

    public EngineOptions ToEngine(StorageOptions storage, SandboxLimits limits) => new()
    {
        StateDirectory = storage.StateDirectory,
        CacheDirectory = storage.CacheDirectory,
        RunDirectory = RunDirectory,
        Tier = Tier,
        Launcher = Launcher,
        Zygote = Zygote,
        RuntimePath = RuntimePath,
        GvisorPath = GvisorPath,
        GvisorPlatform = GvisorPlatform,
        LaunchConcurrency = LaunchConcurrency,
        LaunchTimeout = LaunchTimeout,
        TeardownTimeout = TeardownTimeout,
        SwapFrozen = SwapPaused,
        MostPendingRemovals = MostPendingRemovals,
        Pools = [PoolOf(SandboxProfile.Strict, limits), PoolOf(SandboxProfile.Workspace, limits)],
    };

    private PoolOptions PoolOf(SandboxProfile profile, SandboxLimits limits) =>
        new("base", profile, PoolSize) { Limits = limits, MaxSize = PoolMaxSize, Memory = PoolMemory };

    public StoreSettings ToStore(StorageOptions storage) =>
        new() { StateDirectory = storage.StateDirectory, SizeBytes = StoreSizeMb * Mebibyte };

    public TemplateSettings ToTemplates(StorageOptions storage) => new()
    {
        CacheDirectory = storage.CacheDirectory,
        TemplatesDirectory = TemplatesDirectory,
        AgentPath = AgentPath,
    };
}

internal sealed class EngineSettingsValidator : IValidateOptions<EngineSettings>
{
    public ValidateOptionsResult Validate(string? name, EngineSettings options)
    {
        var checks = new OptionChecks(EngineSettings.Section);
        checks.InRange(nameof(options.PoolSize), options.PoolSize, 0, 1000);
        checks.InRange(nameof(options.PoolMaxSize), options.PoolMaxSize, 0, 1000);
        checks.InRange(nameof(options.PoolMemory), options.PoolMemory, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        checks.InRange(nameof(options.LaunchConcurrency), options.LaunchConcurrency, 1, 64);
        checks.InRange(nameof(options.LaunchTimeout), options.LaunchTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        checks.InRange(nameof(options.TeardownTimeout), options.TeardownTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10));
        checks.InRange(nameof(options.MostPendingRemovals), options.MostPendingRemovals, 1, 1000);
        if (!Enum.IsDefined(options.Tier)) checks.Fail(nameof(options.Tier), "must be container, gvisor or unprivileged");
        if (!Enum.IsDefined(options.Launcher)) checks.Fail(nameof(options.Launcher), "must be native or runc");
        checks.IsAbsolutePath(nameof(options.RuntimePath), options.RuntimePath);
        checks.IsAbsolutePath(nameof(options.GvisorPath), options.GvisorPath);
        if (options.GvisorPlatform is not ("ptrace" or "systrap" or "kvm")) checks.Fail(nameof(options.GvisorPlatform), "must be ptrace, systrap or kvm");
        checks.IsAbsolutePath(nameof(options.RunDirectory), options.RunDirectory);
        if (options.StoreSizeMb is { } size) checks.InRange(nameof(options.StoreSizeMb), size, 256, int.MaxValue);
        return checks.Result;
    }
}
