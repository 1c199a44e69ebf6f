using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.E2b.Connect;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Watchers that clients poll: each collects its events here until they are asked for, or its sandbox ends.</summary>
internal sealed class Watchers(IOptions<E2bOptions> options)
{
    private const int IdBytes = 12;

    private readonly ConcurrentDictionary<(string Sandbox, string Id), Watcher> _watchers = new();

    public async Task<WatcherRecord> CreateAsync(ConnectCall call, WatchDirRequest request)
    {
        var sandbox = call.Sandbox.Id.Value;
        if (_watchers.Keys.Count(key => key.Sandbox == sandbox) >= options.Value.MaxWatchers)
            throw new AgentException(AgentErrorCode.ResourceExhausted, $"this sandbox has {options.Value.MaxWatchers} watchers; remove one");
        var stream = await call.Sandbox.Agent.WatchAsync(WatchStreams.Plan(call, request), call.Cancelled).ConfigureAwait(false);
        var id = "w" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(IdBytes));
        var watcher = new Watcher(stream, call.Sandbox);
        _watchers[(sandbox, id)] = watcher;
        _ = CollectAsync((sandbox, id), watcher);
        return new WatcherRecord { WatcherId = id };
    }

    public Task<WatcherEventsAnswer> GetEventsAsync(ConnectCall call, WatcherRecord request) =>
        Task.FromResult(new WatcherEventsAnswer([.. Find(call, request).Drain().Select(EntryMapper.Event)]));

    public Task<EmptyRecord> RemoveAsync(ConnectCall call, WatcherRecord request)
    {
        var watcher = Find(call, request);
        _watchers.TryRemove((call.Sandbox.Id.Value, request.WatcherId ?? ""), out _);
        watcher.Stop();
        return Task.FromResult(new EmptyRecord());
    }

    private Watcher Find(ConnectCall call, WatcherRecord request) =>
        _watchers.GetValueOrDefault((call.Sandbox.Id.Value, request.WatcherId ?? ""))
        ?? throw new AgentException(AgentErrorCode.NotFound, $"watcher with id {request.WatcherId} not found");

    private async Task CollectAsync((string Sandbox, string Id) key, Watcher watcher)
    {
        try
        {
            await watcher.CollectAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is OperationCanceledException or AgentException or AgentUnreachableException)
        {
            // Removed, or its sandbox has ended.
        }
        finally
        {
            _watchers.TryRemove(key, out _);
            await watcher.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>One watch with its events.</summary>
    private sealed class Watcher(IWatchStream stream, LiveSandbox sandbox) : IAsyncDisposable
    {
        private const int MaxEvents = 10_000;

        private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(sandbox.Stopping);
        private readonly Lock _lock = new();

        // Both guarded by _lock.
        private Queue<WatchEventInfo> _events = new();
        private bool _overflowed;

        public async Task CollectAsync()
        {
            await foreach (var item in stream.ReadAllAsync(_stop.Token).ConfigureAwait(false))
            {
                lock (_lock)
                {
                    if (_events.Count < MaxEvents) _events.Enqueue(item);
                    else _overflowed = true;
                }
            }
        }

        /// <summary>All events since the last time. Says so where there were more than could be kept.</summary>
        public Queue<WatchEventInfo> Drain()
        {
            lock (_lock)
            {
                var events = _events;
                _events = new Queue<WatchEventInfo>();
                var overflowed = _overflowed;
                _overflowed = false;
                return overflowed
                    ? throw new AgentException(AgentErrorCode.ResourceExhausted, $"more than {MaxEvents} events came since the last call; list the directory anew")
                    : events;
            }
        }

        public void Stop()
        {
            try
            {
                _stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended by itself.
            }
        }

        public async ValueTask DisposeAsync()
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            _stop.Dispose();
        }
    }
}
