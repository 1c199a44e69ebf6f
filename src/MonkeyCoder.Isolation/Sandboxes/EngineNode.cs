using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Reclaim;
using MonkeyCoder.Isolation.Store;
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
        Layers = new MappedLayers(MappedLayers.CanStayUnattached ? null : paths.LayersDirectory);
        Events = new EventLoop();
        Exits = new ExitWatcher(Events);
        _orphans = new OrphanReaper(time);
        Remains = new SandboxRemains(paths, cgroups, store, Slots, Exits, time);
        Launcher = new RuncLauncher(options.RuntimePath, paths.RuntimeRoot, Exits);
    }

    public EngineOptions Options { get; }

    public EnginePaths Paths { get; }

    public ICgroupTree Cgroups { get; }

    public ISandboxStore Store { get; }

    public EgressGateway Gateway { get; }

    public TimeProvider Time { get; }

    public UidSlots Slots { get; }

    public SandboxRemains Remains { get; }

    public MappedLayers Layers { get; }

    public EventLoop Events { get; }

    public ExitWatcher Exits { get; }

    public ILauncher Launcher { get; init; }

    /// <summary>To be called once nothing of a predecessor is mounted any more.</summary>
    public void KeepMountsPrivate() => _privateMounts = PrivateMount.At(Paths.SandboxesDirectory);

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync().ConfigureAwait(false);
        Events.Dispose();
        _orphans.Dispose();
        _privateMounts?.Dispose();
        Layers.Dispose();
        // Nothing where sandboxes are left, or where another service has its own beside them.
        if (Cgroups.TryRemove(Paths.CgroupParent)) Cgroups.TryRemove(EnginePaths.CgroupRoot);
        _ = Libc.TryRemoveDirectory(Paths.LayersDirectory);
        _ = Libc.TryRemoveDirectory(Paths.RuntimeRoot);
        _ = Libc.TryRemoveDirectory(Paths.RunDirectory);
        await Store.DisposeAsync().ConfigureAwait(false);
    }
}
