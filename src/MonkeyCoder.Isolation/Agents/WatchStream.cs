using System.Runtime.CompilerServices;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>Changes below a directory, from their connection.</summary>
internal sealed class WatchStream(AgentConnection connection) : IWatchStream
{
    public async IAsyncEnumerable<WatchEventInfo> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var payload = await connection.ExpectAsync(FrameType.WatchEvent, cancellationToken);
            yield return AgentConnection.Parse(payload, WatchEventInfo.Read);
        }
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}
