using System.Net.Sockets;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>The way out of one sandbox: its policy, its limits, what it has used, and its connections.</summary>
internal sealed class SandboxEgress : IAsyncDisposable
{
    private const double BitsPerByte = 8;
    private const double Mega = 1_000_000;
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AcceptPause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly HashSet<EgressConnection> _connections = []; // under _lock
    private readonly HashSet<Task> _running = []; // under _lock
    private readonly CancellationTokenSource _stopping = new();
    private readonly TokenBucket _arrivals;
    private readonly TokenBucket _outwards;
    private readonly TokenBucket _inwards;
    private readonly EgressSockets? _sockets;
    private volatile EgressPolicy _policy = EgressPolicy.DenyAll;
    private long _bytes;
    private long _refusedConnections;
    private bool _disposed; // under _lock

    /// <summary>Does nothing yet.</summary>
    /// <param name="gateway">What all sandboxes share.</param>
    /// <param name="id">Whose it is.</param>
    /// <param name="sockets">Taken over; null where connections come another way.</param>
    /// <param name="networkMbps">Bandwidth each way.</param>
    public SandboxEgress(EgressGateway gateway, SandboxId id, EgressSockets? sockets, int networkMbps)
    {
        Gateway = gateway;
        Id = id;
        _sockets = sockets;
        var arrivals = gateway.Options.NewConnectionsPerSecond;
        _arrivals = new TokenBucket(arrivals, arrivals, gateway.Time);
        _outwards = new TokenBucket(1, 0, gateway.Time);
        _inwards = new TokenBucket(1, 0, gateway.Time);
        SetBandwidth(networkMbps);
        Names = new SandboxNames(this);
    }

    public EgressGateway Gateway { get; }

    public SandboxId Id { get; }

    /// <summary>Whose the sandbox is, for events.</summary>
    public string Owner { get; set; } = SandboxSpec.NodeOwner;

    /// <summary>What it may connect to; nothing at first.</summary>
    public EgressPolicy Policy => _policy;

    /// <summary>What it has looked up.</summary>
    public SandboxNames Names { get; }

    /// <summary>Bytes that went through, both ways.</summary>
    public long Bytes => Interlocked.Read(ref _bytes);

    /// <summary>For how long traffic had to wait for its bandwidth, both ways together.</summary>
    public TimeSpan TrafficDelay => _outwards.Waited + _inwards.Waited;

    /// <summary>For how long connections had to wait because there were too many new ones.</summary>
    public TimeSpan ConnectionDelay => _arrivals.Waited;

    /// <summary>Connections that were refused because as many were open as it may have.</summary>
    public long RefusedConnections => Interlocked.Read(ref _refusedConnections);

    /// <summary>Connections that are open now.</summary>
    public int Connections
    {
        get
        {
            lock (_lock) return _connections.Count;
        }
    }

    /// <summary>Starts serving.</summary>
    public void Start()
    {
        if (_sockets is null) return;
        Serve(_sockets.Transparent, TransparentEntry.RunAsync);
        Serve(_sockets.Proxy, ProxyEntry.RunAsync);
        var dns = new DnsService(this);
        Serve(_sockets.DnsStreams, dns.RunStreamAsync);
        Track(() => dns.RunDatagramsAsync(_sockets.DnsDatagrams, _stopping.Token));
    }

    /// <summary>Accepts connections of the sandbox from a listener, which the caller closes after this has been disposed.</summary>
    public void Serve(Socket listener, Func<EgressConnection, CancellationToken, Task> handle) => Track(() => AcceptAsync(listener, handle));

    /// <summary>Accepts connections of a sandbox without a network of its own.</summary>
    public void Serve(EgressDoor door)
    {
        ArgumentNullException.ThrowIfNull(door);
        var dns = new DnsService(this);
        Serve(door.Listener, (connection, cancellationToken) => door.RunAsync(connection, dns, cancellationToken));
    }

    /// <summary>Holds from now on, also for connections that are open: those it does not allow are closed before this returns.</summary>
    public void SetPolicy(EgressPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        _policy = policy;
        foreach (var connection in Snapshot())
            if (!connection.IsStillAllowed()) connection.Reset();
    }

    /// <summary>Changes the bandwidth, each way.</summary>
    public void SetBandwidth(int networkMbps)
    {
        var bytesPerSecond = networkMbps * Mega / BitsPerByte;
        _outwards.Set(bytesPerSecond, bytesPerSecond * Burst.TotalSeconds);
        _inwards.Set(bytesPerSecond, bytesPerSecond * Burst.TotalSeconds);
    }

    /// <summary>Counts bytes, and waits where there were too many of late.</summary>
    public Task PassAsync(int count, bool outwards)
    {
        Interlocked.Add(ref _bytes, count);
        var wait = (outwards ? _outwards : _inwards).Take(count);
        return wait > TimeSpan.Zero ? Task.Delay(wait, Gateway.Time, _stopping.Token) : Task.CompletedTask;
    }

    /// <summary>Reports something that was refused before it had a destination.</summary>
    public void Refuse(string reason) => Gateway.Refuse(this, new EgressRefusal(Id, Owner, null, null, 0, reason));

    /// <summary>Reports something that was refused before it was clear where it was to go.</summary>
    /// <param name="asked">As the sandbox has written it; null where it is no text.</param>
    /// <param name="reason">One of <see cref="EgressReasons"/>.</param>
    public void Refuse(string? asked, string reason) => Gateway.Refuse(this, new EgressRefusal(Id, Owner, AskedHost.Of(asked), null, 0, reason));

    /// <summary>Reports something that was refused.</summary>
    public void Refuse(EgressTarget target, string reason) =>
        Gateway.Refuse(this, new EgressRefusal(Id, Owner, target.Name?.Value, target.Address, target.Port, reason));

    /// <summary>Closes what has been idle for too long.</summary>
    public void CloseIdle()
    {
        foreach (var connection in Snapshot())
            if (connection.Idle > Gateway.Options.IdleTimeout) connection.Reset();
    }

    public async ValueTask DisposeAsync()
    {
        // Under the lock: a connection that has taken a place is handled, and gives it back.
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        _sockets?.Dispose();
        Task[] running;
        lock (_lock) running = [.. _running];
        foreach (var connection in Snapshot()) connection.Reset();
        await Task.WhenAll(running).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Gateway.Forget(this);
        _stopping.Dispose();
    }

    /// <summary>Runs something that ends when this is disposed.</summary>
    public void Track(Func<Task> work)
    {
        lock (_lock)
        {
            if (_disposed) return;
            // Nothing of the request that made the sandbox lives on in what serves it: not its log scopes, not its data.
            using var apart = ExecutionContext.IsFlowSuppressed() ? default : ExecutionContext.SuppressFlow();
            var task = Task.Run(work);
            _running.Add(task);
            _ = task.ContinueWith(Forget, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }

        void Forget(Task task)
        {
            lock (_lock) _running.Remove(task);
        }
    }

    private async Task AcceptAsync(Socket listener, Func<EgressConnection, CancellationToken, Task> handle)
    {
        while (!_stopping.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await listener.AcceptAsync(_stopping.Token).ConfigureAwait(false);
            }
            catch (SocketException) when (!_stopping.IsCancellationRequested)
            {
                // The client has gone already, or the node has no descriptors left just now.
                await Task.Delay(AcceptPause, Gateway.Time, _stopping.Token).ConfigureAwait(false);
                continue;
            }

            try
            {
                // What comes meanwhile waits in the backlog, and then in the kernel of the client.
                var wait = _arrivals.Take(1);
                if (wait > TimeSpan.Zero) await Task.Delay(wait, Gateway.Time, _stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                client.Dispose();
                throw;
            }

            Begin(client, handle);
        }
    }

    private void Begin(Socket client, Func<EgressConnection, CancellationToken, Task> handle)
    {
#pragma warning disable CA2000 // Disposed by the task that handles it.
        var connection = new EgressConnection(this, client);
#pragma warning restore CA2000
        var reason = EgressReasons.Limit;
        lock (_lock)
        {
            if (!_disposed && _connections.Count < Gateway.Options.MaxConnections)
            {
                if (Gateway.TryEnter())
                {
                    _connections.Add(connection);
                    Track(() => HandleAsync(connection, handle));
                    return;
                }

                reason = EgressReasons.NodeLimit;
            }
        }

        if (reason == EgressReasons.Limit) Interlocked.Increment(ref _refusedConnections);
        // Where it was meant to go is known only of one that was redirected.
        if (connection.OriginalDestination is { } chosen) Refuse(new EgressTarget(null, chosen.Address, chosen.Port), reason);
        else Refuse(reason);
        connection.Reset();
    }

    private async Task HandleAsync(EgressConnection connection, Func<EgressConnection, CancellationToken, Task> handle)
    {
        try
        {
            await handle(connection, _stopping.Token).ConfigureAwait(false);
            connection.Dispose();
        }
        catch (InvalidDataException)
        {
            if (connection.Target is { } target) Refuse(target, EgressReasons.BadRequest);
            else Refuse(EgressReasons.BadRequest);
            connection.Reset();
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // One of the two sides is gone, or took too long, or the connection was closed here. The other learns of it.
            connection.Reset();
        }
#pragma warning disable CA1031 // A bug in the handling of one connection must not be the end of the node.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Gateway.Logger.ConnectionFailed(e, Id);
            connection.Reset();
        }
        finally
        {
            connection.Client.Dispose();
            lock (_lock) _connections.Remove(connection);
            Gateway.Leave();
        }
    }

    private EgressConnection[] Snapshot()
    {
        lock (_lock) return [.. _connections];
    }
}
