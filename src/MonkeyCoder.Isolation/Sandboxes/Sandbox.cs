using Microsoft.Extensions.Logging;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>A live sandbox of the local engine.</summary>
internal sealed class Sandbox : ISandbox
{
    private readonly EngineNode _node;
    private readonly ILogger _logger;
    private readonly string _cgroup;
    private readonly SandboxFreezer _freezer;
    private readonly Lazy<Task<SandboxExit>> _exited;
    private readonly Lazy<Task> _removed;
    private readonly Lock _lock = new();
    private SandboxUsage? _lastUsage; // under _lock; set once it is being removed
    private long _written; // under _lock
    private volatile bool _killed;

    public Sandbox(SandboxId id, SandboxSpec spec, string templateVersion, EngineNode node, ILogger logger)
    {
        Id = id;
        Spec = spec;
        TemplateVersion = templateVersion;
        _node = node;
        _logger = logger;
        _cgroup = node.Paths.Cgroup(id);
        _freezer = new SandboxFreezer(node.Cgroups, _cgroup, node.Options.SwapFrozen, node.Time);
        _exited = new Lazy<Task<SandboxExit>>(AwaitExitAsync);
        _removed = new Lazy<Task>(RemoveAsync);
    }

    public SandboxId Id { get; }

    public SandboxSpec Spec { get; private set; } // set under _lock

    public string TemplateVersion { get; }

    public required ISandboxAgent Agent { get; init; }

    /// <summary>The agent's process.</summary>
    public required SandboxProcess Process { get; init; }

    /// <summary>What it can write to.</summary>
    public required SandboxVolumes Volumes { get; init; }

    /// <summary>How many files it has.</summary>
    public required FileCount Files { get; init; }

    /// <summary>What the agent wrote to its own stdout and stderr.</summary>
    public required LogPipe Log { get; init; }

    /// <summary>Its way out.</summary>
    public required SandboxEgress Egress { get; init; }

    /// <summary>Everything it has.</summary>
    public required OwnedResources Resources { get; init; }

    /// <summary>Called once after it has ended: nothing of it runs, and what is left is being removed.</summary>
    public Action<Sandbox>? OnRemoved { get; set; }

    public Task<SandboxExit> Exited => _exited.Value;

    public SandboxUsage ReadUsage()
    {
        lock (_lock) return _lastUsage ?? Measure();
    }

    public SandboxFailures ReadFailures()
    {
        lock (_lock) return _lastUsage?.Failures ?? _node.Cgroups.ReadFailures(_cgroup);
    }

    public void ResetMemoryPeak() => _node.Cgroups.ResetMemoryPeak(_cgroup);

    public void SetLimits(SandboxLimits limits)
    {
        Egress.SetBandwidth(limits.NetworkMbps);
        _node.Cgroups.SetLimits(_cgroup, _node.Ground.GroupLimits(limits));
        if (limits.DiskBytes != Spec.Limits.DiskBytes) Volumes.SetLimit(limits.DiskBytes);
        Files.Limit = limits.Files;
        // What the agent starts from now on inherits it.
        if (limits.OpenFiles != Spec.Limits.OpenFiles)
            Libc.SetOpenFileLimit(Process.Pid, (ulong)limits.OpenFiles, OciDefaults.HardOpenFiles(limits));
        lock (_lock) Spec = Spec with { Limits = limits };
    }

    /// <summary>It belongs to somebody from now on.</summary>
    public void SetOwner(string owner)
    {
        lock (_lock) Spec = Spec with { Owner = owner };
        Egress.Owner = owner;
    }

    public void SetEgress(EgressPolicy policy)
    {
        lock (_lock) Spec = Spec with { Egress = policy };
        Egress.SetPolicy(policy);
    }

    public Task FreezeAsync() => _freezer.FreezeAsync();

    public void ReclaimMemory() => _node.Cgroups.Reclaim(_cgroup);

    public void Thaw() => _freezer.Thaw();

    public ValueTask DisposeAsync() => new(_removed.Value);

    /// <summary>Caller holds the lock.</summary>
    private SandboxUsage Measure()
    {
        var usage = _node.Cgroups.ReadUsage(_cgroup);
        // A process that is reaped between two reads is counted in its parent only at the next one.
        _written = Math.Max(_written, ProcessIo.WrittenBytes(_node.Cgroups.Processes(_cgroup)));
        var (disk, full) = Volumes.Measure(Spec.Limits);
        return new SandboxUsage(
            usage.CpuTime, usage.MemoryBytes, usage.MemoryPeakBytes, usage.MemoryCacheBytes, usage.OomKills, usage.Tasks,
            usage.ForkFailures, disk, _written, Egress.Bytes)
        {
            CpuThrottledTime = usage.ThrottledTime,
            NetworkDelayedTime = Egress.TrafficDelay,
            ConnectionsDelayedTime = Egress.ConnectionDelay,
            ConnectionsRefused = Egress.RefusedConnections,
            Full = full,
        };
    }

    /// <summary>Answers questions that come after the cgroups are gone.</summary>
    private void RememberUsage()
    {
        try
        {
            lock (_lock) _lastUsage = Measure();
        }
        catch (IOException)
        {
            // Figures are not worth keeping a sandbox for.
        }
    }

    private async Task<SandboxExit> AwaitExitAsync()
    {
        var ended = await Process.Ended.ConfigureAwait(false);
        if (_killed) return SandboxExit.Killed;
        var exit = ended is { Signal: Libc.SIGKILL } && ReadUsage().OomKills > 0 ? SandboxExit.OutOfMemory : SandboxExit.AgentDied;
        _logger.Ended(Id, exit, ended?.ExitCode, ended?.Signal, Log.Tail);
        return exit;
    }

    private async Task RemoveAsync()
    {
        // Removing must not hold up whoever disposes many at once.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        try
        {
            _killed = !Process.Ended.IsCompleted;
            RememberUsage();
            Volumes.Close();
            // Whoever is being stopped at this moment could not be killed.
            _freezer.Close();
            await Resources.DisposeAsync().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Dispose does not throw: what is left is kept on record and removed at the next start.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _logger.RemoveFailed(e, Id);
        }
        finally
        {
            OnRemoved?.Invoke(this);
        }
    }
}
