using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>Our end of a pipe or terminal that a process writes to; reading it never waits.</summary>
internal sealed class OutputPipe : IDisposable
{
    private readonly FileDescriptor _descriptor;

    public OutputPipe(FileDescriptor descriptor, FrameType type)
    {
        _descriptor = descriptor;
        Type = type;
        Libc.SetNonBlocking(descriptor, true);
    }

    /// <summary>The frames its bytes travel in.</summary>
    public FrameType Type { get; }

    /// <summary>Everybody has closed the other end, and all of it has been read.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>What a poll waits for; nothing at the end.</summary>
    public PollEntry Entry => new(AtEnd ? -1 : _descriptor.Number, Libc.POLLIN);

    /// <summary>Reads what is there: the count, or 0 where there is nothing (now, or any more).</summary>
    public int Read(Span<byte> buffer)
    {
        var filled = ReadOnce(buffer);
        // A pipe gives all it has; a terminal a few KiB, and then more.
        while (Type == FrameType.Pty && filled > 0 && filled < buffer.Length && ReadOnce(buffer[filled..]) is > 0 and var more) filled += more;
        return filled;
    }

    public void Dispose() => _descriptor.Dispose();

    private int ReadOnce(Span<byte> buffer)
    {
        if (AtEnd) return 0;
        var count = Libc.TryRead(_descriptor, buffer);
        if (count > 0) return count;
        // A terminal ends with EIO.
        if (count != -ErrnoName.EAGAIN) AtEnd = true;
        return 0;
    }
}
