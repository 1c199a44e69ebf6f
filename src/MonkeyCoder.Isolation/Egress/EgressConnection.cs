using System.Net;
using System.Net.Sockets;

namespace MonkeyCoder.Isolation.Egress;

/// <summary>One connection out of a sandbox: the client's socket, and once it has been judged the one it leads to.</summary>
internal sealed class EgressConnection : IDisposable
{
    private readonly Socket _client;
    private readonly Lock _lock = new();
    private readonly List<Task> _closing = []; // under _lock
    private Socket? _server; // under _lock
    private EgressTarget? _target; // under _lock; with _address what the server's socket leads to
    private IPAddress? _address; // under _lock
    private bool _closed; // under _lock
    private long _lastUse;

    /// <summary>Takes the accepted socket over.</summary>
    public EgressConnection(SandboxEgress egress, Socket client)
    {
        Egress = egress;
        _client = client;
        Client = PeekStream.Over(client);
        Touch();
    }

    /// <summary>Whose it is.</summary>
    public SandboxEgress Egress { get; }

    /// <summary>The side in the sandbox.</summary>
    public PeekStream Client { get; private set; }

    /// <summary>Whether TLS of both sides ends here.</summary>
    public bool IsSecure { get; private set; }

    /// <summary>What it leads to; null where it leads nowhere yet.</summary>
    public EgressTarget? Target
    {
        get
        {
            lock (_lock) return _target;
        }
    }

    /// <summary>Completes when the ends of TLS that were announced have been sent.</summary>
    public Task Closed
    {
        get
        {
            lock (_lock) return Task.WhenAll(_closing);
        }
    }

    /// <summary>Where a redirected connection was meant to go; null for one that was not redirected.</summary>
    public IPEndPoint? OriginalDestination
    {
        get
        {
            // getsockopt(SOL_IP, SO_ORIGINAL_DST): struct sockaddr_in.
            const int SolIp = 0;
            const int SoOriginalDestination = 80;
            Span<byte> address = stackalloc byte[16];
            try
            {
                _ = _client.GetRawSocketOption(SolIp, SoOriginalDestination, address);
            }
            catch (SocketException)
            {
                return null;
            }

            return new IPEndPoint(new IPAddress(address.Slice(4, 4)), address[2] << 8 | address[3]);
        }
    }

    /// <summary>How long nothing has gone over it.</summary>
    public TimeSpan Idle => Egress.Gateway.Time.GetElapsedTime(Volatile.Read(ref _lastUse));

    /// <summary>Something went over it.</summary>
    public void Touch() => Volatile.Write(ref _lastUse, Egress.Gateway.Time.GetTimestamp());

    /// <summary>The side in the sandbox is from now on what is inside its TLS.</summary>
    public void Secure(PeekStream client)
    {
        Client = client;
        IsSecure = true;
    }

    /// <summary>Keeps an end of TLS that is being sent.</summary>
    public void Closing(Task sending)
    {
        lock (_lock) _closing.Add(sending);
    }

    /// <summary>Takes over the socket to where it leads, unless the policy has changed meanwhile, or it has been closed.</summary>
    /// <returns>The far side, or null; then the socket is closed.</returns>
    public PeekStream? Attach(Socket server, EgressTarget target, IPAddress address)
    {
        EgressVerdict verdict = EgressVerdict.Allowed;
        lock (_lock)
        {
            if (!_closed)
            {
                (_server, _target, _address) = (server, target, address);
                // Whoever changes the policy sets it first and looks at connections then.
                verdict = Judge();
                if (verdict.IsAllowed) return PeekStream.Over(server);
            }
        }

        if (verdict.Reason is { } reason) Egress.Refuse(target, reason);
        server.Dispose();
        Dispose();
        return null;
    }

    /// <summary>Whether the policy of now allows what it leads to; true where it leads nowhere yet.</summary>
    public bool IsStillAllowed()
    {
        lock (_lock) return Judge().IsAllowed;
    }

    /// <summary>Whether the policy of now lets it carry a protocol that does not say which host it is for.</summary>
    public bool MayBeUnnamed()
    {
        lock (_lock)
            return _target is { Name: { } name, Port: var port } && Egress.Policy.AllowsUnnamed(name, _address!, port, Egress.Gateway.Addresses);
    }

    /// <summary>Closes both sides at once; what waits on them fails. The client sees a reset.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            if (!_closed)
            {
                try
                {
                    _client.LingerState = new LingerOption(true, 0);
                }
                catch (SocketException)
                {
                    // It is reset already.
                }
            }
        }

        Dispose();
    }

    /// <summary>Closes both sides; what waits on them fails.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_closed) return;
            _closed = true;
            _client.Dispose();
            _server?.Dispose();
        }
    }

    /// <summary>By the policy of now. Caller holds the lock.</summary>
    private EgressVerdict Judge()
    {
        if (_target is not { } target) return EgressVerdict.Allowed;
        var policy = Egress.Policy;
        var addresses = Egress.Gateway.Addresses;
        if (target.Name is not { } name) return policy.JudgeAddress(target.Address!, target.Port, addresses);
        var verdict = policy.JudgeName(name, target.Port);
        return verdict.IsAllowed ? policy.JudgeAnswer([_address!], addresses, out _, target.Port) : verdict;
    }
}
