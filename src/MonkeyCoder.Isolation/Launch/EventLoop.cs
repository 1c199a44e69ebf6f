using System.Collections.Concurrent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Launch;

/// <summary>
/// One thread in epoll_wait(2) for all descriptors of the node that .NET cannot wait for itself: pidfds and the log
/// pipes of sandboxes. Callbacks run on that thread, so they must be short and must not throw.
/// </summary>
internal sealed class EventLoop : IDisposable
{
    private const long StopKey = 0;

    private readonly FileDescriptor _epoll = Libc.CreateEpoll();
    private readonly FileDescriptor _stop = Libc.CreateEventDescriptor();
    private readonly ConcurrentDictionary<long, Watch> _watches = new();
    private readonly Thread _thread;
    private long _lastKey = StopKey;
    private int _disposed;

    public EventLoop()
    {
        Libc.EpollAdd(_epoll, _stop, StopKey);
        _thread = new Thread(Run) { IsBackground = true, Name = "monkey-events" };
        _thread.Start();
    }

    /// <summary>Calls <paramref name="onReadable"/> whenever the descriptor is readable or hung up, until removed.</summary>
    /// <returns>The key for <see cref="Remove"/>.</returns>
    /// <exception cref="SyscallException">The descriptor cannot be watched.</exception>
    public long Add(FileDescriptor descriptor, Action<long> onReadable)
    {
        var key = Interlocked.Increment(ref _lastKey);
        _watches[key] = new Watch(descriptor, onReadable);
        try
        {
            Libc.EpollAdd(_epoll, descriptor, key);
            return key;
        }
        catch
        {
            _watches.TryRemove(key, out _);
            throw;
        }
    }

    /// <summary>Ends a watch. To be called before the descriptor is closed; a key that is gone already does nothing.</summary>
    public void Remove(long key)
    {
        if (_watches.TryRemove(key, out var watch) && !watch.Descriptor.IsClosed && !_epoll.IsClosed)
            _ = Libc.TryEpollRemove(_epoll, watch.Descriptor);
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0) return;
        _ = Libc.TryWrite(_stop, BitConverter.GetBytes(1L));
        if (Thread.CurrentThread != _thread) _thread.Join();
        _epoll.Dispose();
        _stop.Dispose();
    }

    private void Run()
    {
        Span<long> keys = stackalloc long[64];
        while (true)
        {
            var count = Libc.EpollWait(_epoll, keys);
            foreach (var key in keys[..count])
            {
                if (key == StopKey) return;
                if (_watches.TryGetValue(key, out var watch)) watch.OnReadable(key);
            }
        }
    }

    private sealed record Watch(FileDescriptor Descriptor, Action<long> OnReadable);
}
