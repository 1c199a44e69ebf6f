namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>How the engine of a node works.</summary>
public sealed class EngineOptions
{
    /// <summary>Section of the configuration.</summary>
    public const string Section = "Engine";

    /// <value>What outlives the service: records, store, keys. One service at a time. Default <c>/var/lib/monkeycoder</c>.</value>
    public string StateDirectory { get; set; } = "/var/lib/monkeycoder";

    /// <value>What can be made again: templates. Default <c>/var/cache/monkeycoder</c>.</value>
    public string CacheDirectory { get; set; } = "/var/cache/monkeycoder";

    /// <value>
    /// Sockets and claims; the same for every service of the machine, because uid ranges are claimed in it.
    /// Default <c>/run/monkeycoder</c>.
    /// </value>
    public string RunDirectory { get; set; } = "/run/monkeycoder";

    /// <value>What stands between sandboxes and the host. Default <see cref="IsolationTier.Container"/>.</value>
    public IsolationTier Tier { get; set; }

    /// <value>Who builds the walls of the container tier. Default <see cref="SandboxLauncher.Native"/>.</value>
    public SandboxLauncher Launcher { get; set; }

    /// <value>The OCI runtime. Default <c>/usr/sbin/runc</c>.</value>
    public string RuntimePath { get; set; } = "/usr/sbin/runc";

    /// <value>gVisor's runtime. Default <c>/usr/bin/runsc</c>.</value>
    public string GvisorPath { get; set; } = "/usr/bin/runsc";

    /// <value>How gVisor catches system calls, e.g. <c>systrap</c> or <c>kvm</c>. Default <c>ptrace</c>, which every version has.</value>
    public string GvisorPlatform { get; set; } = "ptrace";

    /// <value>Sandboxes being launched at the same time, 1 or more. Default 2.</value>
    public int LaunchConcurrency { get; set; } = 2;

    /// <value>From the start of a launch to an agent that answers. Default 30 s.</value>
    public TimeSpan LaunchTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <value>For everything that removing a sandbox takes; what is left then is removed at the next start. Default 10 s.</value>
    public TimeSpan TeardownTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <value>Whether the memory of a frozen sandbox may go to the host's swap, where it has any; that of others never does. Default true.</value>
    public bool SwapFrozen { get; set; } = true;

    /// <value>Ended sandboxes of which something is left, from which on new ones wait. Default 32.</value>
    public int MostPendingRemovals { get; set; } = 32;

    /// <value>Sandboxes kept ready. Default two strict and two workspace ones of <c>base</c>.</value>
    public IReadOnlyList<PoolOptions> Pools { get; set; } =
    [
        new("base", SandboxProfile.Strict, 2),
        new("base", SandboxProfile.Workspace, 2),
    ];

    /// <value>Whether the node can hold one more sandbox that nobody has asked for, given how many wait. Default: always.</value>
    public Func<int, bool> HasRoomInPool { get; set; } = static _ => true;

    /// <value>
    /// Python kernels are forked from a process that has imported what they want, instead of being started, in the container tier.
    /// Default true.
    /// </value>
    public bool Zygote { get; set; } = true;

    /// <value>
    /// Done to every sandbox before it waits in the pool, e.g. starting a kernel; a sandbox it throws for is thrown away.
    /// Not done to a sandbox that is launched because the pool is empty. Default: nothing.
    /// </value>
    public Func<ISandbox, CancellationToken, Task>? Prepare { get; set; }
}

/// <summary>One kind of sandbox that is kept ready.</summary>
/// <param name="Template">Name of the template.</param>
/// <param name="Profile">Its profile.</param>
/// <param name="Size">How many at least; 0 for none.</param>
public sealed record PoolOptions(string Template, SandboxProfile Profile, int Size)
{
    /// <value>What they are launched with. One that is asked for with others can be taken where only such limits differ as can be changed later.</value>
    public SandboxLimits Limits { get; init; } = new();

    /// <value>How many at most, where demand asks for them and the node has room. Default: <see cref="Size"/>, so always as many.</value>
    public int MaxSize { get; init; } = Size;

    /// <value>How long demand counts. Default 2 minutes.</value>
    public TimeSpan Memory { get; init; } = TimeSpan.FromMinutes(2);
}
