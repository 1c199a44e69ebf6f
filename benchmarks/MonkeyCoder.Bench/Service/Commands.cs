using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Service;

/// <summary>Short commands one after the other in a live sandbox, as an agent sends them.</summary>
internal sealed class Commands(Node node) : IBenchmark
{
    private const int Row = 25;

    public string Name => "command-round-trip";

    public string Description => $"run echo in a live sandbox, {Row} times one after the other";

    public int DefaultCount => 40 * Row;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => node.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var index = 0; index < count; index += Row)
        {
            await using var sandbox = await node.CreateAndEchoAsync(cancellationToken);
            for (var command = index; command < Math.Min(count, index + Row); command++)
            {
                var started = Stopwatch.GetTimestamp();
                var result = await sandbox.RunCommandAsync("echo 1", cancellationToken: cancellationToken);
                var elapsed = Stopwatch.GetElapsedTime(started);
                ServiceBenchmarks.Expect("1\n", result.Stdout);
                yield return elapsed.TotalMilliseconds;
            }
        }
    }
}
