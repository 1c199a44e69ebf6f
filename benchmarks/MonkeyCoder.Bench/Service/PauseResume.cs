using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>A sandbox is paused and resumed, and answers: what it costs to put an agent's sandbox aside between two steps.</summary>
internal sealed class PauseResume(SandboxClient client) : IBenchmark
{
    public string Name => "pause-resume";

    public string Description => "pause a sandbox, connect to it, and run 1+1 in its kernel";

    public int DefaultCount => 1000;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : Node.DoesNotRun;

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        await sandbox.RunCellAsync("1+1", cancellationToken: cancellationToken);
        for (var index = 0; index <= count; index++)
        {
            var started = Stopwatch.GetTimestamp();
            await sandbox.PauseAsync(cancellationToken);
            await sandbox.ResumeAsync(cancellationToken: cancellationToken);
            var cell = await sandbox.RunCellAsync("1+1", cancellationToken: cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started);
            ServiceBenchmarks.Expect("2", cell.Text);
            // The first one warms up.
            if (index > 0) yield return elapsed.TotalMilliseconds;
        }
    }
}
