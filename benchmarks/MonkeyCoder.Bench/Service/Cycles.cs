using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Service;

/// <summary>Sandboxes that come and go without a pause: create, one command, destroy, by some callers at a time.</summary>
/// <param name="node">What is measured.</param>
/// <param name="name">Stable name.</param>
/// <param name="callers">Callers at a time.</param>
/// <param name="count">Cycles by default.</param>
/// <param name="limit">Ends it early; infinite for never.</param>
internal sealed class Cycles(Node node, string name, int callers, int count, TimeSpan limit) : IBenchmark
{
    public string Name => name;

    public string Description => $"create a sandbox, run a command and kill it again, {callers} callers at a time";

    public int DefaultCount => count;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => node.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var left = count;
        var times = Channel.CreateUnbounded<double>();
        var running = Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(RunCallerAsync, cancellationToken)));
        _ = running.ContinueWith(ended => times.Writer.Complete(ended.Exception), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await foreach (var time in times.Reader.ReadAllAsync(cancellationToken)) yield return time;

        async Task RunCallerAsync()
        {
            while (Interlocked.Decrement(ref left) >= 0 && (limit < TimeSpan.Zero || Stopwatch.GetElapsedTime(started) < limit))
            {
                var began = Stopwatch.GetTimestamp();
                var sandbox = await node.CreateAndEchoAsync(cancellationToken);
                await sandbox.DisposeAsync();
                await times.Writer.WriteAsync(Stopwatch.GetElapsedTime(began).TotalMilliseconds, cancellationToken);
            }
        }
    }
}
