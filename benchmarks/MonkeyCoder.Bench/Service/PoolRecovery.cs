using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>How many sandboxes wait in the pool before, in and after a burst, ten times a second.</summary>
internal sealed class PoolRecovery(Node node) : IBenchmark
{
    private const int Size = 100;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(5);

    public string Name => "pool-recovery";

    public string Description => $"sandboxes that wait in the pool, each {Interval.TotalMilliseconds:0} ms; after {Quiet.TotalSeconds:0} s, {Size} are created at once";

    public int DefaultCount => 600;

    public string Unit => "sandboxes";

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => node.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Node.SettleAsync(cancellationToken);
        using var period = new PeriodicTimer(Interval);
        var started = Stopwatch.GetTimestamp();
        Task<RemoteSandbox>[]? burst = null;
        for (var index = 0; index < count; index++)
        {
            if (burst is null && Stopwatch.GetElapsedTime(started) >= Quiet)
                burst = [.. Enumerable.Range(0, Size).Select(_ => node.CreateAndEchoAsync(cancellationToken))];
            yield return await Node.ReadPooledAsync(cancellationToken);
            await period.WaitForNextTickAsync(cancellationToken);
        }

        foreach (var sandbox in await Task.WhenAll(burst ?? [])) await sandbox.DisposeAsync();
    }
}
