using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Reclaim;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Isolation.Unprivileged;
using MonkeyCoder.Isolation.Zygotes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>The local engine: sandboxes of this machine, on its kernel.</summary>
public sealed class SandboxEngine : ISandboxEngine
{
    private readonly EngineOptions _options;
    private readonly EngineParts _parts;
    private readonly ILogger _logger;
    private readonly ILogger _security;
    private readonly TimeProvider _time;
    private readonly LaunchGate _gate;
    private readonly ConcurrentDictionary<SandboxId, Sandbox> _live = new();
    private readonly OwnedResources _resources;
    private ITemplateSource? _templates;
    private Func<SandboxLimits, SandboxLimits, bool>? _sameHardLimits;
#pragma warning disable CA2213 // Owned by the stack.
    private NodeZygotes? _zygotes;
#pragma warning restore CA2213
    private SandboxBuilder? _builder;
    private SandboxPool? _pool;
    private int _disposed;

    /// <summary>Does nothing yet; <see cref="StartAsync"/> does.</summary>
    public SandboxEngine(EngineOptions options, EngineParts parts, ILoggerFactory loggers, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(parts);
        ArgumentNullException.ThrowIfNull(loggers);
        _options = options;
        _parts = parts;
        _logger = loggers.CreateLogger("MonkeyCoder.Sandboxes");
        _security = loggers.CreateLogger("MonkeyCoder.Security");
        _time = time;
        Tier = TierDescription.Of(options.Tier, UnprivilegedNetwork.Gap() is null);
        _gate = new LaunchGate(Math.Max(1, options.LaunchConcurrency));
        _resources = new OwnedResources(options.TeardownTimeout, time);
    }

    public IReadOnlyList<string> Templates => _templates?.Names ?? [];

    public int Pooled => _pool?.Count ?? 0;

    public TierDescription Tier { get; }

    public ZygoteStatus Zygotes => _zygotes?.Status ?? default;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (_builder is not null) throw new InvalidOperationException("The engine has been started.");
        CheckHost();
        if (Tier.Warning is { } warning) _logger.TierWarning(Tier.Name, warning);
        var paths = new EnginePaths(_options);
        var cgroups = _options.Tier == IsolationTier.Unprivileged ? new UserGroups(new UidSlots(paths), new UserIds(), Tier.HasNetwork) : CgroupTree.Detect();
        MakeDirectories(paths);
        _resources.Push(Libc.TryLockFile(paths.LockFile)
            ?? throw new HostNotReadyException($"Another service uses the state directory {paths.StateDirectory}; stop it or choose another directory."));

        // Detached agents become children of this process, so that it learns of their end and how they ended.
        Libc.BecomeSubreaper();
#pragma warning disable CA2000 // Owned by the stack, which the engine disposes.
        var store = _options.Tier == IsolationTier.Unprivileged
            ? DirectoryStore.Open(paths, new UidSlots(paths))
            : await _parts.OpenStore(cancellationToken).ConfigureAwait(false);
        var node = _resources.PushAsync(new EngineNode(_options, paths, cgroups, store, new EgressGateway(_parts.Egress, _time, _security), _time));
#pragma warning restore CA2000

        var left = await new StartupReclaim(node).RunAsync(cancellationToken).ConfigureAwait(false);
        if (left > 0) _logger.Reclaimed(left);
        node.KeepMountsPrivate();

        _templates = await _parts.OpenTemplates(cancellationToken).ConfigureAwait(false);
        foreach (var kind in _options.Pools)
        {
            if (kind.Size > 0 && _templates.Find(kind.Template) is null)
                throw new HostNotReadyException($"Template '{kind.Template}' is not built; run 'monkey templates build {kind.Template}'.");
        }

#pragma warning disable CA2000 // Owned by the stack.
        if (cgroups is UserGroups groups) _ = _resources.PushAsync(new Watchdog(groups, (DirectoryStore)store, _logger, _time));
        else _resources.PushAsync(new FileWatch(() => _live.Values.Select(static sandbox => sandbox.Files), cgroups.ReadCpuTime, paths.CgroupParent, _logger, _time)).Start();
#pragma warning restore CA2000
#pragma warning disable CA2000 // Owned by the stack: empty before the node goes.
        var removals = _resources.PushAsync(new RemovalQueue(node.Remains.KillAsync, node.Remains.RemoveAsync, _options, _logger, _time));
#pragma warning restore CA2000
        _sameHardLimits = node.Ground.SameHardLimits;
        if (_options.Zygote && _options.Tier == IsolationTier.Container) StartZygotes(node);
        _builder = new SandboxBuilder(node, removals, _parts.Connect, _zygotes, _logger);
        _pool = new SandboxPool(_options.Pools, LaunchForPoolAsync, _options.Prepare is null ? null : PrepareAsync, _options.HasRoomInPool, HostLoad.IsBusy, _time, _logger);
        _logger.EngineStarted(paths.Instance, cgroups.Version, store.Description);
        _pool.Start();
    }

    public async Task<ISandbox> AcquireAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (_pool is null || _templates is null) throw new InvalidOperationException("The engine has not been started.");
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var template = _templates.Find(spec.Template) ?? throw new UnknownTemplateException(spec.Template);

        // Limits that only the launch can set rule the pool out.
        if (_pool.Find(spec.Template, spec.Profile) is { } kind && _sameHardLimits!(spec.Limits, kind.Limits))
        {
            _pool.Want(spec.Template, spec.Profile);
            while ((_pool.TryTake(spec.Template, spec.Profile)
                ?? await _pool.JoinAsync(spec.Template, spec.Profile, cancellationToken).ConfigureAwait(false)) is { } ready)
            {
                if (ready.TemplateVersion == template.Version && TryAdopt(ready, spec)) return ready;
                await ready.DisposeAsync().ConfigureAwait(false);
            }
        }

        using var place = await _gate.EnterAsync(urgent: true, cancellationToken).ConfigureAwait(false);
        return await LaunchAsync(spec, template, cancellationToken).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        if (_pool is not null) await _pool.DisposeAsync().ConfigureAwait(false);
        await Task.WhenAll(_live.Values.Select(sandbox => sandbox.DisposeAsync().AsTask())).ConfigureAwait(false);
        await _resources.DisposeAsync().ConfigureAwait(false);
    }

    private void CheckHost()
    {
        foreach (var fact in HostCheck.RunNeeded(_options))
        {
            if (fact.Verdict == HostVerdict.Fail)
                throw new HostNotReadyException($"This host cannot run sandboxes: {fact.Name}: {fact.Value}. {fact.Advice}");
            if (fact.Verdict == HostVerdict.Warn) _logger.HostWarning(fact.Name, fact.Value, fact.Advice);
        }
    }

    private void StartZygotes(EngineNode node)
    {
#pragma warning disable CA2000 // Owned by the stack.
        _zygotes = _resources.PushAsync(new NodeZygotes(node, _logger));
#pragma warning restore CA2000
        foreach (var kind in _options.Pools)
            if (kind.Size > 0 && _templates!.Find(kind.Template) is { } template) _ = _zygotes.Of(template);
    }

    private static void MakeDirectories(EnginePaths paths)
    {
        try
        {
            SandboxRecord.MakePassable(paths.StateDirectory);
            SandboxRecord.MakePassable(paths.SandboxesDirectory);
            Directory.CreateDirectory(paths.RunDirectory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostNotReadyException($"The directories {paths.StateDirectory} and {paths.RunDirectory} cannot be made: {e.Message}", e);
        }
    }

    /// <summary>False where the sandbox has died just now.</summary>
    private static bool TryAdopt(Sandbox sandbox, SandboxSpec spec)
    {
        try
        {
            if (sandbox.Spec.Limits != spec.Limits) sandbox.SetLimits(spec.Limits);
            // Before its policy: what is refused by that is refused to the new owner.
            sandbox.SetOwner(spec.Owner);
            sandbox.SetEgress(spec.Egress);
            return !sandbox.Exited.IsCompleted;
        }
        catch (SyscallException)
        {
            return false;
        }
    }

    private async Task<Sandbox> LaunchForPoolAsync(SandboxSpec spec, Action begin, CancellationToken cancellationToken)
    {
        var template = _templates!.Find(spec.Template) ?? throw new UnknownTemplateException(spec.Template);
        using var place = await _gate.EnterAsync(urgent: false, cancellationToken).ConfigureAwait(false);
        begin();
        return await LaunchAsync(spec, template, cancellationToken).ConfigureAwait(false);
    }

    private async Task PrepareAsync(PoolOptions kind, Func<Sandbox?> pick, CancellationToken cancellationToken)
    {
        // Starting the first kernels while the zygote does the same imports would take longer than waiting for it.
        if (_templates!.Find(kind.Template) is { } template && _zygotes?.Of(template) is { } zygotes)
            await zygotes.Tried.WaitAsync(cancellationToken).ConfigureAwait(false);
        using var place = await _gate.EnterAsync(urgent: false, cancellationToken).ConfigureAwait(false);
        if (pick() is { } sandbox) await _options.Prepare!(sandbox, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Sandbox> LaunchAsync(SandboxSpec spec, TemplateLayers template, CancellationToken cancellationToken)
    {
        var sandbox = await _builder!.BuildAsync(spec, template, cancellationToken).ConfigureAwait(false);
        sandbox.OnRemoved = removed => _live.TryRemove(removed.Id, out _);
        _live[sandbox.Id] = sandbox;
        _ = sandbox.Exited;
        if (_disposed == 0) return sandbox;
        // The engine was disposed while this was being launched, and has not seen it.
        await sandbox.DisposeAsync().ConfigureAwait(false);
        throw new ObjectDisposedException(nameof(SandboxEngine));
    }
}

/// <summary>What the engine is built on.</summary>
/// <param name="OpenStore">Opens the place for what sandboxes write; the engine disposes it.</param>
/// <param name="OpenTemplates">Finds what sandboxes are made from.</param>
/// <param name="Connect">Makes the client for the socket of an agent, and for what forks kernels into its sandbox, if anything does.</param>
public sealed record EngineParts(
    Func<CancellationToken, Task<ISandboxStore>> OpenStore,
    Func<CancellationToken, Task<ITemplateSource>> OpenTemplates,
    Func<string, IKernelForks?, ISandboxAgent> Connect)
{
    /// <summary>The way out of sandboxes.</summary>
    public EgressParts Egress { get; init; } = new();
}
