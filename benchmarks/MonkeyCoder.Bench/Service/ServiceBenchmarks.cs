using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>What is measured of the service, each over HTTP as a client sees it.</summary>
internal static class ServiceBenchmarks
{
    private const int Count = 100;

    public static IEnumerable<IBenchmark> Create(SandboxClient client) =>
    [
        new ServiceBenchmark(
            client, "create-first-command", "create a sandbox until the output of its first command is back", Count,
            static async (client, clock, cancellationToken) =>
            {
                clock.Start();
                await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
                var result = await sandbox.RunCommandAsync("echo 1", cancellationToken: cancellationToken);
                clock.Stop();
                Expect("1\n", result.Stdout);
            }),
        new ServiceBenchmark(
            client, "create-first-cell", "create a sandbox until the result of its first Python cell is back", Count,
            static async (client, clock, cancellationToken) =>
            {
                clock.Start();
                await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
                var cell = await sandbox.RunCellAsync("1+1", cancellationToken: cancellationToken);
                clock.Stop();
                Expect("2", cell.Text);
            }),
        new CellRoundTrip(client),
        new Neighbour(client, burning: false),
        new Neighbour(client, burning: true),
        new ServiceBenchmark(
            client, "teardown", "kill a sandbox that has run a cell", Count,
            static async (client, clock, cancellationToken) =>
            {
                var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
                await sandbox.RunCellAsync("1+1", cancellationToken: cancellationToken);
                clock.Start();
                await sandbox.DisposeAsync();
                clock.Stop();
            }),
        new Crowd(client, "lives-four-at-once", "create a sandbox, run a command in it and kill it, four at a time", 200, width: 4, wholeLives: true),
        new Crowd(client, "burst-of-a-hundred", "a hundred sandboxes asked for at once, until the output of a command is back", 100, width: 100, wholeLives: false),
    ];

    /// <summary>Times of <c>1+1</c> in the kernel of a live sandbox, which is started first.</summary>
    internal static async IAsyncEnumerable<double> TimeCellsAsync(
        RemoteSandbox sandbox, int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await sandbox.RunCellAsync("1+1", cancellationToken: cancellationToken);
        for (var index = 0; index < count; index++)
        {
            var started = Stopwatch.GetTimestamp();
            var cell = await sandbox.RunCellAsync("1+1", cancellationToken: cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started);
            Expect("2", cell.Text);
            yield return elapsed.TotalMilliseconds;
        }
    }

    internal static void Expect(string expected, string? actual)
    {
        if (actual != expected) throw new InvalidDataException($"The sandbox answered '{actual}' instead of '{expected}'.");
    }
}

/// <summary>One cell in a kernel that is warm: what an agent waits for at each step.</summary>
internal sealed class CellRoundTrip(SandboxClient client) : IBenchmark
{
    public string Name => "cell-round-trip";

    public string Description => "run 1+1 in a live Python kernel";

    public int DefaultCount => 500;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : "the sandbox service does not answer";

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        await foreach (var milliseconds in ServiceBenchmarks.TimeCellsAsync(sandbox, count, cancellationToken)) yield return milliseconds;
    }
}
