using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Reclaim;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Isolation.Unprivileged;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>What all sandboxes of a running node share. Disposed after the last of them.</summary>
internal sealed class EngineNode : IAsyncDisposable
{
    private readonly OrphanReaper _orphans;
    private PrivateMount? _privateMounts;

    public EngineNode(
        EngineOptions options, EnginePaths paths, ICgroupTree cgroups, ISandboxStore store, EgressGateway gateway, TimeProvider time)
    {
        Options = options;
        Paths = paths;
        Cgroups = cgroups;
        Store = store;
        Gateway = gateway;
        Time = time;
        Slots = new UidSlots(paths);
        Events = new EventLoop();
        Exits = new ExitWatcher(Events);
        _orphans = new OrphanReaper(time);
        Spares = new SparePieces(store);
        Remains = new SandboxRemains(paths, cgroups, store, Spares, Slots, Exits, time);
#pragma warning disable CA2000 // The ground is disposed with the node.
        Ground = options.Tier == IsolationTier.Unprivileged
            ? new UnprivilegedGround(paths, new UserIds(), cgroups is UserGroups { HasGatekeepers: true })
            : new ContainerGround(paths, options.Tier == IsolationTier.Gvisor, LaunchesItself(options, cgroups) ? cgroups.ProcessFiles : null);
        Launcher = options.Tier switch
        {
            IsolationTier.Unprivileged => new ConfinedLauncher(),
            IsolationTier.Gvisor => new RunscLauncher(options.GvisorPath, options.GvisorPlatform, paths, Exits),
            _ when LaunchesItself(options, cgroups) => new NativeLauncher(paths.RuntimeRoot, Events, Exits, Remains.KillAsync),
            _ => new RuncLauncher(options.RuntimePath, paths.RuntimeRoot, Exits),
        };
#pragma warning restore CA2000
    }

    public EngineOptions Options { get; }

    public EnginePaths Paths { get; }

    public ICgroupTree Cgroups { get; }

    public ISandboxStore Store { get; }

    public SparePieces Spares { get; }

    public EgressGateway Gateway { get; }

    public TimeProvider Time { get; }

    public UidSlots Slots { get; }

    public SandboxRemains Remains { get; }

    public ISandboxGround Ground { get; }

    public EventLoop Events { get; }

    public ExitWatcher Exits { get; }

    public ILauncher Launcher { get; init; }

    /// <summary>cgroup v2 has no list of devices: there the OCI runtime loads the program that confines them.</summary>
    private static bool LaunchesItself(EngineOptions options, ICgroupTree cgroups) =>
        options is { Tier: IsolationTier.Container, Launcher: SandboxLauncher.Native } && cgroups.Version == "v1";

    /// <summary>To be called once nothing of a predecessor is mounted any more.</summary>
    public void KeepMountsPrivate()
    {
        if (Options.Tier != IsolationTier.Unprivileged) _privateMounts = PrivateMount.At(Paths.SandboxesDirectory);
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync().ConfigureAwait(false);
        if (Launcher is IAsyncDisposable launcher) await launcher.DisposeAsync().ConfigureAwait(false);
        Events.Dispose();
        _orphans.Dispose();
        _privateMounts?.Dispose();
        Ground.Dispose();
        // Nothing where sandboxes are left, or where another service has its own beside them.
        if (Cgroups.TryRemove(Paths.CgroupParent)) Cgroups.TryRemove(EnginePaths.CgroupRoot);
        _ = Libc.TryRemoveDirectory(Paths.LayersDirectory);
        _ = Libc.TryRemoveDirectory(Paths.RuntimeRoot);
        _ = Libc.TryRemoveDirectory(Paths.RunDirectory);
        Spares.Dispose();
        await Store.DisposeAsync().ConfigureAwait(false);
    }
}
