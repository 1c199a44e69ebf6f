using System.Runtime.CompilerServices;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>Output of a process, from its connection.</summary>
internal sealed class ProcessStream(AgentConnection connection, int pid) : IProcessStream
{
    public int Pid { get; } = pid;

    public async IAsyncEnumerable<ProcessOutput> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var (type, payload) = await connection.ReadFrameAsync(cancellationToken);
            if (type == FrameType.ProcessExited)
            {
                var exit = AgentConnection.Parse(payload, ProcessExitedEvent.Read);
                yield return new ProcessExit(exit.ExitCode, exit.Signal);
                yield break;
            }

            yield return new ProcessChunk(OutputChannels.Of(type), payload);
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}

/// <summary>Frames that carry output.</summary>
internal static class OutputChannels
{
    /// <exception cref="AgentUnreachableException">The frame carries no output.</exception>
    public static OutputChannel Of(FrameType type) => type switch
    {
        FrameType.Stdout => OutputChannel.Stdout,
        FrameType.Stderr => OutputChannel.Stderr,
        FrameType.Pty => OutputChannel.Pty,
        _ => throw AgentConnection.Unexpected(type),
    };
}
