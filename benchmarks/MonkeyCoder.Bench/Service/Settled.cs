using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Service;

/// <summary>A benchmark that begins once the pool has recovered from the one before.</summary>
internal sealed class Settled(IBenchmark inner) : IBenchmark
{
    public string Name => inner.Name;

    public string Description => inner.Description;

    public string Unit => inner.Unit;

    public int DefaultCount => inner.DefaultCount;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => inner.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Node.SettleAsync(cancellationToken);
        await foreach (var sample in inner.RunAsync(count, cancellationToken)) yield return sample;
    }
}
