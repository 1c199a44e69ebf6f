using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Service;

/// <summary>Another benchmark, while that many other sandboxes live.</summary>
internal sealed class Crowded(Node node, Crowd crowd, int live, IBenchmark inner) : IBenchmark
{
    public string Name => $"{inner.Name}@{live}-live";

    public string Description => $"{inner.Description}, while {live} others live";

    public int DefaultCount => inner.DefaultCount / 5;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => node.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await crowd.ReachAsync(live, cancellationToken);
        await Node.SettleAsync(cancellationToken);
        await foreach (var time in inner.RunAsync(count, cancellationToken)) yield return time;
    }
}
