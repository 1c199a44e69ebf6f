using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Admission;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.Sandboxes;

/// <summary>
/// The node's sandboxes. A sandbox ends in one place, <see cref="EndAsync"/>, whoever asks: a client, its clock, its own
/// death, the shutdown of the node. Who takes it off the list is the one that ends it.
/// </summary>
internal sealed class SandboxRegistry : ISandboxRegistry, IAsyncDisposable
{
    private readonly ISandboxEngine _engine;
    private readonly ResourceAdmission _admission;
    private readonly SandboxesOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<SandboxRegistry> _logger;
    private readonly byte[] _accessKey;
    private readonly byte[] _trafficKey;
    private readonly EndOfLifeClock _clock;
    private readonly SandboxPauses _pauses;
    private readonly ConcurrentDictionary<string, HeldSandbox> _live = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<HeldSandbox, Task> _ending = new();

    private readonly EndedSandboxes _ended = new();
    private volatile bool _closed;

    public SandboxRegistry(
        ISandboxEngine engine, ResourceAdmission admission, ISandboxTokenKeys keys, IOptions<SandboxesOptions> options,
        TimeProvider time, ILogger<SandboxRegistry> logger)
    {
        _engine = engine;
        _admission = admission;
        _options = options.Value;
        _time = time;
        _logger = logger;
        _accessKey = keys.Derive("e2b.envd-access-token");
        _trafficKey = keys.Derive("e2b.traffic-access-token");
        _clock = new EndOfLifeClock(time, entry => _ = OnTimeOverAsync(entry));
        _pauses = new SandboxPauses(_clock, _options, time, logger);
    }

    public IReadOnlyCollection<LiveSandbox> All => [.. _live.Values.Select(held => held.Sandbox)];

    public async Task<LiveSandbox> CreateAsync(
        SandboxOwner owner, SandboxSpec spec, SandboxSettings settings, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        var ticket = _admission.EnforceResourceLimits(owner.Tenant, spec.Limits);
        ISandbox? engine = null;
        try
        {
            engine = await _engine.AcquireAsync(spec with { Owner = owner.Tenant }, cancellationToken).ConfigureAwait(false);
            await engine.Agent
                .ConfigureAsync(new ConfigureRequest(settings.EnvironmentIn(engine), LiveSandbox.DefaultUser, null), cancellationToken)
                .ConfigureAwait(false);
            var held = List(engine, ticket, owner, settings);
            engine = null;
            return held.Sandbox;
        }
        catch
        {
            if (engine is not null) await engine.DisposeAsync().ConfigureAwait(false);
            ticket.Dispose();
            throw;
        }
    }

    public LiveSandbox? Find(string tenant, string id) =>
        Find(id) is { } sandbox && sandbox.Owner.Tenant == tenant ? sandbox : null;

    public SandboxEnd? WhyEnded(string tenant, string id) => _ended.Find(tenant, id);

    public void BeginEnd(LiveSandbox sandbox, SandboxEnd why) => _ = EndByIdAsync(sandbox, why);

    public LiveSandbox? Find(string id) => _live.TryGetValue(id, out var held) ? held.Sandbox : null;

    public bool SetEnd(LiveSandbox sandbox, DateTimeOffset end)
    {
        var latest = _time.GetUtcNow() + _options.MaxLife;
        return _live.TryGetValue(sandbox.Id.Value, out var held) && held.SetEnd(_clock, end < latest ? end : latest);
    }

    public bool ExtendEnd(LiveSandbox sandbox, DateTimeOffset end)
    {
        if (end > sandbox.EndAt) return SetEnd(sandbox, end);
        return !sandbox.Stopping.IsCancellationRequested;
    }

    public async Task<PauseOutcome> PauseAsync(LiveSandbox sandbox, CancellationToken cancellationToken) =>
        _live.TryGetValue(sandbox.Id.Value, out var held)
            ? await _pauses.PauseAsync(held, "Paused", cancellationToken).ConfigureAwait(false)
            : PauseOutcome.Ended;

    public async Task<ResumeOutcome> ResumeAsync(LiveSandbox sandbox, TimeSpan life, CancellationToken cancellationToken) =>
        _live.TryGetValue(sandbox.Id.Value, out var held)
            ? await _pauses.ResumeAsync(held, life < _options.MaxLife ? life : _options.MaxLife, cancellationToken).ConfigureAwait(false)
            : ResumeOutcome.Ended;

    public async Task<bool> KillAsync(LiveSandbox sandbox, CancellationToken cancellationToken)
    {
        if (EndByIdAsync(sandbox, SandboxEnd.Killed) is not { } ending) return false;
        await ending.WaitAsync(cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Ends all sandboxes and waits until nothing is left of them.</summary>
    public async ValueTask DisposeAsync()
    {
        _closed = true;
        foreach (var held in _live.Values) _ = EndByIdAsync(held.Sandbox, SandboxEnd.Shutdown);
        await Task.WhenAll(_ending.Values).ConfigureAwait(false);
        _clock.Dispose();
    }

    private static string Token(byte[] key, string id) =>
        Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(id)));

    private HeldSandbox List(ISandbox engine, AdmissionTicket ticket, SandboxOwner owner, SandboxSettings settings)
    {
        var id = engine.Id.Value;
        var tokens = new SandboxAccessTokens(
            settings.Secured ? Token(_accessKey, id) : null,
            settings.AllowPublicTraffic ? null : Token(_trafficKey, id));
        var held = new HeldSandbox(engine, ticket, owner, settings, tokens, _time);
        held.Sandbox.Journal.Add(_time.GetUtcNow(), $"Sandbox created from template {engine.Spec.Template}");
        _live[id] = held;
        SetEnd(held.Sandbox, held.Sandbox.EndAt);
        _ = WatchAsync(held);
        // The shutdown may have listed the sandboxes just before this one came.
        if (_closed) _ = EndByIdAsync(held.Sandbox, SandboxEnd.Shutdown);
        _logger.Created(id, owner.Tenant, engine.Spec.Template, settings.Timeout);
        return held;
    }

    /// <summary>Takes the sandbox off the list when it dies by itself.</summary>
    private async Task WatchAsync(HeldSandbox held)
    {
        var exit = await held.Sandbox.Engine.Exited.ConfigureAwait(false);
        if (exit == SandboxExit.Killed) return;
        _ = EndByIdAsync(held.Sandbox, exit == SandboxExit.OutOfMemory ? SandboxEnd.OutOfMemory : SandboxEnd.Died);
    }

    /// <summary>
    /// The time is over that a sandbox may run, or may be paused. Decided and done in its turn, so that whoever is told that it goes on
    /// gets one that does.
    /// </summary>
    private async Task OnTimeOverAsync(EndOfLifeClock.Entry entry)
    {
        if (!_live.TryGetValue(entry.Sandbox.Id.Value, out var held)) return;
        await held.Turn.WaitAsync().ConfigureAwait(false);
        try
        {
            // Somebody has given it more time, paused or resumed it before its turn came.
            if (held.HasEnded || !held.IsCurrent(entry)) return;
            if (held.Sandbox.IsPaused) _ = EndByIdAsync(held.Sandbox, SandboxEnd.PausedTooLong);
            else if (!held.Sandbox.PausesAtEnd || !await _pauses.TryPauseAtEndAsync(held).ConfigureAwait(false))
                _ = EndByIdAsync(held.Sandbox, SandboxEnd.Timeout);
        }
        finally
        {
            held.Turn.Release();
        }
    }

    /// <summary>null where somebody else ended it.</summary>
    private Task? EndByIdAsync(LiveSandbox sandbox, SandboxEnd why)
    {
        if (!_live.TryGetValue(sandbox.Id.Value, out var held) || !held.TryEnd()) return null;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // Tracked before it is unlisted, so that the shutdown sees it in one of the two.
        _ending[held] = done.Task;
        sandbox.EndedBy = why;
        _ended.Add(sandbox, why);
        _live.TryRemove(sandbox.Id.Value, out _);
        _ = EndAsync(held, why, done);
        return done.Task;
    }

    /// <summary>Never faults: what could not be removed is logged, and left to the engine's next reclaim.</summary>
    private async Task EndAsync(HeldSandbox held, SandboxEnd why, TaskCompletionSource done)
    {
        var id = held.Sandbox.Id.Value;
        try
        {
            held.Unschedule(_clock);
            held.LeavePlace();
            await held.Stopping.CancelAsync().ConfigureAwait(false);
            await held.Sandbox.Engine.DisposeAsync().ConfigureAwait(false);
            _logger.Ended(id, why, _time.GetUtcNow() - held.Sandbox.StartedAt);
        }
        // A teardown step: whatever it was, the other sandboxes go on.
        catch (Exception e)
        {
            _logger.TeardownFailed(id, e);
        }
        finally
        {
            held.Ticket.Dispose();
            _ending.TryRemove(held, out _);
            done.SetResult();
        }
    }
}
