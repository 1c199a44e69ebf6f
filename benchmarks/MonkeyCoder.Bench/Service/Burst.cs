using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Service;

/// <summary>Many who want a sandbox at the same moment: the time until the last of them has its first command done. All must succeed.</summary>
internal sealed class Burst(Node node, int size) : IBenchmark
{
    public string Name => $"burst-{size}";

    public string Description => $"create {size} sandboxes at once until the first command of the last is done; between bursts the pool settles";

    public int DefaultCount => 100;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => node.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await RunAsync(cancellationToken);
        for (var index = 0; index < count; index++) yield return await RunAsync(cancellationToken);
    }

    private async Task<double> RunAsync(CancellationToken cancellationToken)
    {
        await Node.SettleAsync(cancellationToken);
        var started = Stopwatch.GetTimestamp();
        var all = Enumerable.Range(0, size).Select(_ => node.CreateAndEchoAsync(cancellationToken)).ToArray();
        try
        {
            await Task.WhenAll(all);
            return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
        finally
        {
            await Task.WhenAll(all.Where(static one => one.IsCompletedSuccessfully).Select(static one => one.Result.DisposeAsync().AsTask()));
        }
    }
}
