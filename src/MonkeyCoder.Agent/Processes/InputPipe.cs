using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Our end of a process's stdin, or of its terminal. Writers take turns.</summary>
internal sealed class InputPipe : IDisposable
{
    private readonly Lock _gate = new();
    private readonly FileDescriptor _descriptor;
    private volatile bool _closed;

    public InputPipe(FileDescriptor descriptor)
    {
        _descriptor = descriptor;
        Libc.SetNonBlocking(descriptor, true);
    }

    /// <summary>Writes all, waiting while the process does not read. Gives up when <paramref name="caller"/> hangs up.</summary>
    /// <exception cref="AgentFault">It is closed, or the process is gone.</exception>
    public void Write(ReadOnlySpan<byte> bytes, FileDescriptor caller)
    {
        try
        {
            lock (_gate)
            {
                while (!bytes.IsEmpty)
                {
                    if (_closed) throw NotOpen();
                    var count = Libc.TryWrite(_descriptor, bytes);
                    if (count > 0) bytes = bytes[count..];
                    else if (count != -ErrnoName.EAGAIN) throw NotOpen();
                    else if (!WaitForRoom(caller)) return;
                }
            }
        }
        finally
        {
            if (_closed) _descriptor.Dispose();
        }
    }

    /// <summary>Closes it after what is being written; closing twice is fine.</summary>
    public void Close()
    {
        lock (_gate)
        {
            _closed = true;
            _descriptor.Dispose();
        }
    }

    /// <summary>Closes it without waiting; a write that is stuck closes it when it gets unstuck.</summary>
    public void Dispose()
    {
        _closed = true;
        if (!_gate.TryEnter()) return;
        _descriptor.Dispose();
        _gate.Exit();
    }

    public static AgentFault NotOpen() =>
        new(AgentErrorCode.Internal, "error writing to stdin: stdin not enabled or closed");

    private bool WaitForRoom(FileDescriptor caller)
    {
        Span<PollEntry> entries = [new(_descriptor.Number, Libc.POLLOUT), new(caller.Number, Libc.POLLIN)];
        Libc.Poll(entries, -1);
        return entries[1].Returned == 0;
    }
}
