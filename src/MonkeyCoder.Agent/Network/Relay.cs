using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Network;

/// <summary>
/// Carries bytes between two non-blocking sockets in both directions, on one thread. The end of one direction is passed
/// on as a half-close while the other one goes on.
/// </summary>
internal sealed class Relay(FileDescriptor node, FileDescriptor service)
{
    private readonly Direction _in = new(node, service);
    private readonly Direction _out = new(service, node);

    /// <summary>Returns when both directions have ended.</summary>
    public void Run()
    {
        Span<PollEntry> entries = stackalloc PollEntry[2];
        while (!_in.Ended || !_out.Ended)
        {
            entries[0] = Entry(node, _in, _out);
            entries[1] = Entry(service, _out, _in);
            Libc.Poll(entries, -1);

            // A node that is gone, not just silent, cannot take anything any more; what it sent before still counts.
            if ((entries[0].Returned & (Libc.POLLHUP | Libc.POLLERR)) != 0) _out.Abandon();
            if (entries[0].Returned != 0 || entries[1].Returned != 0)
            {
                _in.Step();
                _out.Step();
            }
        }
    }

    /// <summary>What to wait for on a socket that one direction reads and the other writes.</summary>
    private PollEntry Entry(FileDescriptor socket, Direction reads, Direction writes)
    {
        var events = (short)((reads.WantsToRead ? Libc.POLLIN : 0) | (writes.WantsToWrite ? Libc.POLLOUT : 0));
        // The node's hang-up is waited for as long as anything is to be sent to it. Else a broken socket that nobody
        // wants anything of would wake the poll again and again.
        var watch = events != 0 || (socket == node && !_out.Ended);
        return new PollEntry(watch ? socket.Number : -1, events);
    }

    private sealed class Direction(FileDescriptor from, FileDescriptor to)
    {
        private const int BufferBytes = 32 * 1024;

        private readonly byte[] _buffer = new byte[BufferBytes];
        private int _start;
        private int _end;

        public bool Ended { get; private set; }

        public bool WantsToRead => !Ended && _start == _end;

        public bool WantsToWrite => !Ended && _start < _end;

        public void Abandon()
        {
            Ended = true;
            _start = _end;
        }

        /// <summary>Moves what can be moved without waiting.</summary>
        public void Step()
        {
            if (WantsToRead) Fill();
            if (WantsToWrite) Empty();
        }

        private void Fill()
        {
            var count = Libc.TryRead(from, _buffer);
            if (count == -ErrnoName.EAGAIN) return;
            if (count <= 0)
            {
                Ended = true;
                _ = Libc.TryShutdown(to, Libc.ShutdownHow.Write);
                return;
            }

            (_start, _end) = (0, count);
        }

        private void Empty()
        {
            var count = Libc.TryWrite(to, _buffer.AsSpan(_start, _end - _start));
            if (count == -ErrnoName.EAGAIN) return;
            if (count > 0) _start += count;
            else Abandon();
        }
    }
}
