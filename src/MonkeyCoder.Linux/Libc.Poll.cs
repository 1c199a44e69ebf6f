using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <summary>What to wait for on one descriptor (struct pollfd). A negative descriptor is skipped.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PollEntry(int descriptor, short events)
{
    /// <summary>Number of the descriptor, which the caller keeps open.</summary>
    public int Descriptor = descriptor;

    /// <summary>Any of <see cref="Libc.POLLIN"/> and <see cref="Libc.POLLOUT"/>.</summary>
    public short Events = events;

    /// <summary>What came: the events, <see cref="Libc.POLLERR"/>, <see cref="Libc.POLLHUP"/>.</summary>
    public short Returned;
}

/// <content>poll(2), and using an eventfd(2) to wake one.</content>
public static partial class Libc
{
    /// <summary>Something to read, or the end.</summary>
    public const short POLLIN = 1;

    /// <summary>Room to write.</summary>
    public const short POLLOUT = 4;

    /// <summary>Broken; returned only.</summary>
    public const short POLLERR = 8;

    /// <summary>The other side is gone in both directions; returned only.</summary>
    public const short POLLHUP = 16;

    /// <summary>Waits for any of the entries.</summary>
    /// <param name="entries">What to wait for; their <see cref="PollEntry.Returned"/> is set.</param>
    /// <param name="timeoutMilliseconds">-1: for ever.</param>
    /// <returns>How many entries have something; 0 on timeout, or when a signal cut a wait with a timeout short.</returns>
    /// <exception cref="SyscallException">ENOMEM, EINVAL.</exception>
    public static int Poll(Span<PollEntry> entries, int timeoutMilliseconds)
    {
        while (true)
        {
            var count = RawPoll(entries, (nuint)entries.Length, timeoutMilliseconds);
            if (count >= 0) return count;
            var errno = Marshal.GetLastPInvokeError();
            if (errno != ErrnoName.EINTR) throw new SyscallException("poll", errno, $"{entries.Length} descriptors");
            if (timeoutMilliseconds >= 0)
            {
                foreach (ref var entry in entries) entry.Returned = 0;
                return 0;
            }
        }
    }

    /// <summary>Makes an event of <see cref="CreateEventDescriptor"/> readable.</summary>
    public static void Raise(FileDescriptor @event)
    {
        Span<byte> one = stackalloc byte[8];
        one.Clear();
        one[BitConverter.IsLittleEndian ? 0 : 7] = 1;
        _ = TryWrite(@event, one);
    }

    /// <summary>Makes the event unreadable again.</summary>
    public static void Lower(FileDescriptor @event)
    {
        Span<byte> count = stackalloc byte[8];
        _ = TryRead(@event, count);
    }

    // poll(2)
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int RawPoll(Span<PollEntry> entries, nuint count, int timeout);
}
