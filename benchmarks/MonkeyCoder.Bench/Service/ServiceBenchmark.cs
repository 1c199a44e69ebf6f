using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>A benchmark of the running service: how one sample is taken.</summary>
/// <param name="client">Talks to the service over HTTP.</param>
/// <param name="name">Stable name.</param>
/// <param name="description">What one sample covers.</param>
/// <param name="count">Samples by default.</param>
/// <param name="measure">Takes one sample; given the stopwatch, which it starts and stops.</param>
internal sealed class ServiceBenchmark(
    SandboxClient client, string name, string description, int count,
    Func<SandboxClient, Stopwatch, CancellationToken, Task> measure) : IBenchmark
{
    public string Name => name;

    public string Description => description;

    public int DefaultCount => count;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : Node.DoesNotRun;

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await measure(client, new Stopwatch(), cancellationToken);
        for (var index = 0; index < count; index++)
        {
            var clock = new Stopwatch();
            await measure(client, clock, cancellationToken);
            yield return clock.Elapsed.TotalMilliseconds;
        }
    }
}
