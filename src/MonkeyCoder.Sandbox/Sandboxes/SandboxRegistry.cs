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
    private readonly ConcurrentDictionary<string, Held> _live = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Held, Task> _ending = new();

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
        _clock = new EndOfLifeClock(time, entry => _ = EndByIdAsync(entry.Sandbox, SandboxEnd.Timeout));
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
        sandbox.End = new EndOfLife(_time, end < latest ? end : latest);
        return _live.TryGetValue(sandbox.Id.Value, out var held) && _clock.TrySchedule(held.Clock);
    }

    public bool ExtendEnd(LiveSandbox sandbox, DateTimeOffset end)
    {
        if (end > sandbox.EndAt) return SetEnd(sandbox, end);
        return !sandbox.Stopping.IsCancellationRequested;
    }

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

    private Held List(ISandbox engine, AdmissionTicket ticket, SandboxOwner owner, SandboxSettings settings)
    {
        var now = _time.GetUtcNow();
        var id = engine.Id.Value;
        var tokens = new SandboxAccessTokens(
            settings.Secured ? Token(_accessKey, id) : null,
            settings.AllowPublicTraffic ? null : Token(_trafficKey, id));
        var held = new Held(engine, ticket, owner, settings, tokens, now);
        held.Sandbox.End = new EndOfLife(_time, now + settings.Timeout);
        held.Sandbox.Journal.Add(now, $"Sandbox created from template {engine.Spec.Template}");
        _live[id] = held;
        SetEnd(held.Sandbox, held.Sandbox.EndAt);
        _ = WatchAsync(held);
        // The shutdown may have listed the sandboxes just before this one came.
        if (_closed) _ = EndByIdAsync(held.Sandbox, SandboxEnd.Shutdown);
        _logger.Created(id, owner.Tenant, engine.Spec.Template, settings.Timeout);
        return held;
    }

    /// <summary>Takes the sandbox off the list when it dies by itself.</summary>
    private async Task WatchAsync(Held held)
    {
        var exit = await held.Sandbox.Engine.Exited.ConfigureAwait(false);
        if (exit == SandboxExit.Killed) return;
        _ = EndByIdAsync(held.Sandbox, exit == SandboxExit.OutOfMemory ? SandboxEnd.OutOfMemory : SandboxEnd.Died);
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
    private async Task EndAsync(Held held, SandboxEnd why, TaskCompletionSource done)
    {
        var id = held.Sandbox.Id.Value;
        try
        {
            _clock.Remove(held.Clock);
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

    /// <summary>A listed sandbox with what ends it.</summary>
    private sealed class Held
    {
        private int _ended;

        public Held(
            ISandbox engine, AdmissionTicket ticket, SandboxOwner owner, SandboxSettings settings, SandboxAccessTokens tokens,
            DateTimeOffset startedAt)
        {
            Ticket = ticket;
            Sandbox = new LiveSandbox(engine, owner, settings, tokens, startedAt, Stopping.Token);
            Clock = new EndOfLifeClock.Entry(Sandbox);
        }

        public LiveSandbox Sandbox { get; }

        /// <summary>Given back when nothing of the sandbox runs. What is left on disk then is bounded by the engine's queue.</summary>
        public AdmissionTicket Ticket { get; }

        /// <summary>Never disposed: requests may still register with it, and it holds no timer.</summary>
        public CancellationTokenSource Stopping { get; } = new();

        public EndOfLifeClock.Entry Clock { get; }

        /// <summary>True for the one caller who is to end it.</summary>
        public bool TryEnd() => Interlocked.Exchange(ref _ended, 1) == 0;
    }
}
