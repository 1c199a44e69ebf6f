using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Egress;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>What is fixed about a sandbox when it gets its owner.</summary>
internal sealed record SandboxOwner(string Tenant, string? KeyId);

/// <summary>A sandbox that belongs to somebody: the engine's sandbox, its owner, its end of life and its kernels.</summary>
internal sealed class LiveSandbox(
    ISandbox engine,
    SandboxOwner owner,
    SandboxSettings settings,
    SandboxAccessTokens tokens,
    SandboxRuns runs,
    CancellationToken stopping)
{
    /// <summary>User of processes that name none.</summary>
    public const string DefaultUser = "user";

    private readonly Lock _networkLock = new();
    private Task<EgressAuthority>? _authority; // under _networkLock
    private long _lastTurn; // under _networkLock
    private long _turnInForce; // under _networkLock
    private volatile NetworkSettings _network = settings.Network;
    private EndOfLife? _end;
    private bool _pausesAtEnd = settings.AutoPause;

    public SandboxId Id => engine.Id;

    public ISandbox Engine => engine;

    public ISandboxAgent Agent => engine.Agent;

    public SandboxOwner Owner => owner;

    public SandboxSettings Settings => settings;

    /// <summary>What was last asked for its way out.</summary>
    public NetworkSettings Network => _network;

    /// <summary>What opens it, for those who have no key of its tenant.</summary>
    public SandboxAccessTokens Tokens => tokens;

    /// <summary>When it runs.</summary>
    public SandboxRuns Runs => runs;

    public bool IsPaused => runs.Current is null;

    /// <summary>At the end of its time it is paused instead of killed.</summary>
    public bool PausesAtEnd
    {
        get => Volatile.Read(ref _pausesAtEnd);
        set => Volatile.Write(ref _pausesAtEnd, value);
    }

    /// <summary>Since when it runs, or ran before it was paused.</summary>
    public DateTimeOffset StartedAt => runs.StartedAt;

    /// <summary>
    /// When its time is over, also that of being paused; moved by the registry only, which sets it before anybody sees the sandbox.
    /// </summary>
    public EndOfLife End
    {
        get => Volatile.Read(ref _end) ?? throw new InvalidOperationException($"Sandbox {Id} has no end yet.");
        set => Volatile.Write(ref _end, value);
    }

    /// <summary>The end of its run by the wall clock: to come, or that at which it was paused.</summary>
    public DateTimeOffset EndAt => runs.PausedAt ?? End.WallTime;

    /// <summary>
    /// Cancelled when the sandbox is being killed or has died. Streams of clients follow the end of a run, which is sooner where it is
    /// paused: each must then abort its client's connection (an E2B client tells by that, and by 502 on /health).
    /// </summary>
    public CancellationToken Stopping => stopping;

    /// <summary>Why it ended; set by the registry, before <see cref="Stopping"/> is cancelled.</summary>
    public SandboxEnd? EndedBy { get; set; }

    /// <summary>Who uses it.</summary>
    public SandboxActivity Activity { get; } = new();

    /// <summary>Kernels of this sandbox.</summary>
    public KernelContexts Contexts { get; } = new();

    /// <summary>What happened to it, newest last.</summary>
    public SandboxJournal Journal { get; } = new();

    /// <summary>Its load, measured when asked.</summary>
    public SandboxMeter Meter { get; } = new(engine, runs.StartedAt);

    /// <summary>Environment of its processes: what its creator chose, and what clients of E2B look for.</summary>
    public IReadOnlyDictionary<string, string> Environment => settings.EnvironmentIn(engine);

    /// <summary>The authority that it trusts; it is made to when that is first needed, and again where that failed.</summary>
    public Task<EgressAuthority> TrustAsync(Func<Task<EgressAuthority>> install)
    {
        lock (_networkLock)
        {
            // Elsewhere: policies that need no authority do not wait for the lock while it is made.
            if (_authority is null or { IsFaulted: true } or { IsCanceled: true }) _authority = Task.Run(install);
            return _authority;
        }
    }

    /// <summary>The place of a change of the network among all of this sandbox, in the order in which they were asked for.</summary>
    public long TakeNetworkTurn()
    {
        lock (_networkLock) return ++_lastTurn;
    }

    /// <summary>Replaces what it may connect to, at once, unless one that was asked for later holds already.</summary>
    /// <param name="turn">From <see cref="TakeNetworkTurn"/>, taken before anything was waited for.</param>
    /// <param name="policy">What holds from now on.</param>
    /// <param name="asked">What is shown of it.</param>
    /// <returns>False where a later one holds; then nothing has changed.</returns>
    public bool TrySetNetwork(long turn, EgressPolicy policy, NetworkSettings asked)
    {
        // What is shown is what holds, also where two ask at the same time.
        lock (_networkLock)
        {
            if (turn < _turnInForce) return false;
            engine.SetEgress(policy);
            (_network, _turnInForce) = (asked, turn);
            return true;
        }
    }
}

/// <summary>Tokens of one sandbox, the same for its whole life.</summary>
/// <param name="Access">Opens its processes and files; null: they are open.</param>
/// <param name="Traffic">Opens its public ports; null: they are open.</param>
internal sealed record SandboxAccessTokens(string? Access, string? Traffic)
{
    // Not in logs.
    public override string ToString() => "***";
}
