using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Connections;

/// <summary>
/// Accepts connections and gives each a thread. From the first connection on one more thread waits than is needed, so
/// that a sandbox in which no new thread can be made (a fork bomb) can still be told to kill what fills it.
/// </summary>
internal sealed class ConnectionServer(FileDescriptor listener, RequestDispatcher dispatcher)
{
    /// <summary>Connections at one time; more are refused with <see cref="AgentErrorCode.ResourceExhausted"/>.</summary>
    public const int MaxConnections = 128;

    private const int MaxIdleThreads = 2;
    private const int StackBytes = 256 * 1024;
    private const int AcceptRetryMilliseconds = 100;
    private const int ThreadWaitMilliseconds = 1000;

    private readonly object _gate = new();
    private readonly Queue<FileDescriptor> _waiting = new();
    private int _active;
    private int _idle;

    /// <summary>Serves until the listening socket is shut down.</summary>
    public void Run()
    {
        while (true)
        {
            var connection = Libc.TryAccept(listener, out var errno);
            if (connection is not null)
            {
                Serve(connection);
            }
            else if (errno is ErrnoName.EMFILE or ErrnoName.ENFILE or ErrnoName.ENOMEM)
            {
                // The connection stays in the backlog; it can be taken when another one has ended.
                lock (_gate) Monitor.Wait(_gate, AcceptRetryMilliseconds);
            }
            else if (errno is ErrnoName.EINVAL or ErrnoName.EBADF)
            {
                return;
            }
        }
    }

    private void Serve(FileDescriptor connection)
    {
        lock (_gate)
        {
            if (_active < MaxConnections && TryAssignInTime(connection))
            {
                _active++;
                KeepSpare();
                return;
            }
        }

        using var channel = new FrameChannel(connection);
        channel.TrySend(FrameType.Error, new AgentError(AgentErrorCode.ResourceExhausted,
            "the sandbox cannot take another connection now: too many of them, or too many processes"));
        channel.Finish();
    }

    /// <summary>
    /// Where no thread can be made, one may be about to come back: a caller has its answer before the thread that gave it
    /// is free. The caller holds the lock.
    /// </summary>
    private bool TryAssignInTime(FileDescriptor connection)
    {
        var end = Environment.TickCount64 + ThreadWaitMilliseconds;
        while (!TryAssign(connection))
        {
            var left = (int)(end - Environment.TickCount64);
            if (left <= 0 || !Monitor.Wait(_gate, left)) return false;
        }

        return true;
    }

    /// <summary>Gives the connection to a thread that waits, or to a new one. The caller holds the lock.</summary>
    private bool TryAssign(FileDescriptor connection)
    {
        if (_idle <= _waiting.Count) return TryStartThread(connection);
        _waiting.Enqueue(connection);
        Monitor.Pulse(_gate);
        return true;
    }

    /// <summary>Sees to it that a thread waits for the next connection. The caller holds the lock.</summary>
    private void KeepSpare()
    {
        if (_idle > _waiting.Count) return;
        _idle++;
        if (!TryStartThread(null)) _idle--;
    }

    private bool TryStartThread(FileDescriptor? connection)
    {
        try
        {
            new Thread(() => Work(connection), StackBytes).Start();
            return true;
        }
        catch (Exception e) when (e is OutOfMemoryException or ThreadStartException)
        {
            return false;
        }
    }

    /// <summary>Serves connections, the first one at once; without one it has been counted as idle.</summary>
    private void Work(FileDescriptor? connection)
    {
        while (true)
        {
            if (connection is not null)
            {
                using (var channel = new FrameChannel(connection))
                {
                    dispatcher.Serve(channel);
                    channel.Finish();
                }

                lock (_gate)
                {
                    _active--;
                    Monitor.PulseAll(_gate);
                    if (_idle >= MaxIdleThreads) return;
                    _idle++;
                }
            }

            lock (_gate)
            {
                while (_waiting.Count == 0) Monitor.Wait(_gate);
                _idle--;
                connection = _waiting.Dequeue();
            }
        }
    }
}
