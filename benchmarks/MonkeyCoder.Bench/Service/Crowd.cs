using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>Many sandboxes at the same time, each with one command: how long it takes under that load.</summary>
/// <param name="client">Talks to the service over HTTP.</param>
/// <param name="name">Stable name.</param>
/// <param name="description">What one sample covers.</param>
/// <param name="count">Samples by default.</param>
/// <param name="width">At the same time.</param>
/// <param name="wholeLives">
/// A sample is a whole life, from the request to the end of the sandbox; else from the start of all of them to the output of a command.
/// </param>
internal sealed class Crowd(SandboxClient client, string name, string description, int count, int width, bool wholeLives) : IBenchmark
{
    public string Name => name;

    public string Description => description;

    public int DefaultCount => count;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : "the sandbox service does not answer";

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await LiveAsync(Stopwatch.GetTimestamp(), cancellationToken);
        var samples = Channel.CreateUnbounded<double>();
        var left = count;
        var started = Stopwatch.GetTimestamp();
        var workers = Enumerable.Range(0, width).Select(async _ =>
        {
            while (Interlocked.Decrement(ref left) >= 0)
                await samples.Writer.WriteAsync(await LiveAsync(wholeLives ? Stopwatch.GetTimestamp() : started, cancellationToken), cancellationToken);
        }).ToArray();
        var all = Task.WhenAll(workers);
        _ = all.ContinueWith(done => samples.Writer.Complete(done.Exception), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        await foreach (var sample in samples.Reader.ReadAllAsync(cancellationToken)) yield return sample;
        await all;
    }

    private async Task<double> LiveAsync(long started, CancellationToken cancellationToken)
    {
        double elapsed;
        await using (var sandbox = await client.CreateAsync(cancellationToken: cancellationToken))
        {
            var result = await sandbox.RunCommandAsync("echo 1", cancellationToken: cancellationToken);
            ServiceBenchmarks.Expect("1\n", result.Stdout);
            elapsed = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }

        return wholeLives ? Stopwatch.GetElapsedTime(started).TotalMilliseconds : elapsed;
    }
}
