using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>
/// Connections that follow one process. Sends wait for the slowest of them, which slows the process; one that is gone
/// is dropped; with none left the output is discarded.
/// </summary>
internal sealed class Subscribers
{
    private readonly Lock _gate = new();
    private FrameChannel[] _channels = [];
    private ProcessExitedEvent? _exit;

    /// <summary>Sends the start event and follows from here on; where the process is over, sends its end too.</summary>
    public void Add(FrameChannel channel, int pid)
    {
        lock (_gate)
        {
            // Nobody else sends on this channel yet, and the pump takes the list without holding the lock.
            if (!channel.TrySend(FrameType.ProcessStarted, new ProcessStartedEvent(pid))) return;
            if (_exit is null)
            {
                _channels = [.. _channels, channel];
                return;
            }
        }

        SendExit(channel, _exit);
    }

    public void Remove(FrameChannel channel)
    {
        lock (_gate) _channels = Array.FindAll(_channels, other => other != channel);
    }

    /// <summary>Sends bytes that lie in the buffer after room for a frame header. Returns false where nobody follows.</summary>
    public bool Send(FrameType type, Span<byte> buffer, int count)
    {
        FrameChannel[] channels;
        lock (_gate) channels = _channels;
        foreach (var channel in channels)
        {
            if (channel.TrySendChunk(type, buffer, count)) continue;
            Remove(channel);
            channel.Finish();
        }

        return channels.Length > 0;
    }

    /// <summary>Tells everyone that the process is over, and ends their connections.</summary>
    public void End(ChildExit exit)
    {
        FrameChannel[] channels;
        lock (_gate)
        {
            _exit = new ProcessExitedEvent(exit.ExitCode, exit.Signal);
            channels = _channels;
            _channels = [];
        }

        foreach (var channel in channels) SendExit(channel, _exit);
    }

    private static void SendExit(FrameChannel channel, ProcessExitedEvent exit)
    {
        channel.TrySend(FrameType.ProcessExited, exit);
        channel.Finish();
    }
}
