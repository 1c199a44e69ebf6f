using System.Text;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Launch;

/// <summary>
/// The pipe behind stdout and stderr of the runtime and then of the agent. It is drained so that nobody blocks on it,
/// keeps the last few kilobytes for error messages, and is no longer read past a total: what comes through it is written
/// by the inside, and must not keep the node busy.
/// </summary>
internal sealed class LogPipe : IDisposable
{
    private const int KeptBytes = 4096;
    private const long MostBytes = 256 * 1024;

    private readonly EventLoop _loop;
    private readonly FileDescriptor _reader;
    private readonly Lock _lock = new();
    private readonly byte[] _kept = new byte[KeptBytes];
    private readonly long _key;
    private int _keptLength; // under _lock
    private long _total; // event loop thread only
    private bool _disposed; // under _lock

    public LogPipe(EventLoop loop)
    {
        _loop = loop;
        (_reader, Writer) = Libc.Pipe();
        try
        {
            Libc.SetNonBlocking(_reader, true);
            _key = loop.Add(_reader, Drain);
        }
        catch
        {
            _reader.Dispose();
            Writer.Dispose();
            throw;
        }
    }

    /// <summary>The end for the child; to be closed here once the child has it.</summary>
    public FileDescriptor Writer { get; }

    /// <summary>The end of what has been written, on one line, without control characters.</summary>
    public string Tail
    {
        get
        {
            lock (_lock)
            {
                DrainLocked();
                var text = new StringBuilder(Encoding.UTF8.GetString(_kept, 0, _keptLength).Trim());
                for (var i = 0; i < text.Length; i++)
                    if (char.IsControl(text[i])) text[i] = ' ';
                return text.ToString();
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            _loop.Remove(_key);
            _reader.Dispose();
            Writer.Dispose();
        }
    }

    private void Drain(long key)
    {
        lock (_lock)
        {
            if (_disposed) return;
            if (DrainLocked()) _loop.Remove(key);
        }
    }

    /// <summary>Caller holds the lock. True at the end of the pipe and past the total.</summary>
    private bool DrainLocked()
    {
        if (_disposed) return true;
        Span<byte> buffer = stackalloc byte[2048];
        while (_total < MostBytes)
        {
            var count = Libc.TryRead(_reader, buffer);
            if (count <= 0) return count != -ErrnoName.EAGAIN;
            _total += count;
            Keep(buffer[..count]);
        }

        return true;
    }

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var drop = Math.Max(0, _keptLength + bytes.Length - KeptBytes);
        _kept.AsSpan(drop, _keptLength - drop).CopyTo(_kept);
        _keptLength -= drop;
        bytes.CopyTo(_kept.AsSpan(_keptLength));
        _keptLength += bytes.Length;
    }
}
