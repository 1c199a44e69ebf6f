using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>A process that the node started and may follow, feed and signal; one thread pumps its output.</summary>
internal sealed class ManagedProcess(ProcessStartRequest request, Child child, ProcessIo io, ChildTable children, OutputPace pace)
{
    /// <summary>Largest chunk of a pipe, in bytes.</summary>
    private const int PipeChunkBytes = 32 * 1024;

    /// <summary>Largest chunk of a terminal, in bytes.</summary>
    private const int TerminalChunkBytes = 16 * 1024;

    /// <summary>More cannot be waiting in a pipe whose writer is dead: /proc/sys/fs/pipe-max-size.</summary>
    private const int MaxPipeBytes = 1024 * 1024;

    private volatile bool _stopped;

    public ProcessStartRequest Request { get; } = request;

    public Child Child { get; } = child;

    public ProcessIo Io { get; } = io;

    public Subscribers Subscribers { get; } = new();

    /// <summary>
    /// From now on the end of the process is enough: what its children still hold open is not waited for.
    /// </summary>
    public void StopWaitingForPipes()
    {
        _stopped = true;
        Child.Nudge();
    }

    /// <summary>Carries output until the process is over. Returns how it ended, after all of its output has been sent.</summary>
    public ChildExit Pump()
    {
        var buffer = new byte[AgentProtocol.HeaderBytes + (Io.Terminal is null ? PipeChunkBytes : TerminalChunkBytes)];
        Span<PollEntry> entries = stackalloc PollEntry[Io.Outputs.Count + 1];
        while (true)
        {
            var exit = children.ExitOf(Child);
            if (exit is not null && (_stopped || Io.Outputs.TrueForAll(output => output.AtEnd)))
            {
                foreach (var output in Io.Outputs) Drain(output, buffer);
                return exit.Value;
            }

            entries[0] = new PollEntry(Child.Wake.Number, Libc.POLLIN);
            for (var i = 0; i < Io.Outputs.Count; i++) entries[i + 1] = Io.Outputs[i].Entry;
            var wait = pace.MillisecondsToWait();
            // While it waits, only its end wakes the pump.
            Libc.Poll(wait > 0 ? entries[..1] : entries, wait > 0 ? wait : -1);
            if (entries[0].Returned != 0) Libc.Lower(Child.Wake);
            for (var i = 0; i < Io.Outputs.Count; i++)
            {
                if (entries[i + 1].Returned != 0) Forward(Io.Outputs[i], buffer);
            }
        }
    }

    private int Forward(OutputPipe output, Span<byte> buffer)
    {
        var count = output.Read(buffer[AgentProtocol.HeaderBytes..]);
        if (count == 0) return 0;
        if (Subscribers.Send(output.Type, buffer, count) && AgentProtocol.HeaderBytes + count < buffer.Length) pace.Spend();
        return count;
    }

    private void Drain(OutputPipe output, Span<byte> buffer)
    {
        for (var left = MaxPipeBytes; left > 0;)
        {
            var count = Forward(output, buffer);
            if (count == 0) return;
            left -= count;
        }
    }
}
