using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Bench.Peers;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>What is measured of the service, each over HTTP as a client sees it.</summary>
internal static class ServiceBenchmarks
{
    private const int Count = 1000;
    private static readonly TimeSpan SustainedFor = TimeSpan.FromMinutes(5);
    private static readonly int[] Live = [1, 10, 100, 1000];
    private static readonly int[] Concurrent = [1, 2, 4, 8, 16, 32, 64];

    public static IEnumerable<IBenchmark> Create(SandboxClient client, Uri address, Crowd crowd)
    {
        var node = new Node(client);
        return
        [
            .. Alone(client, address).Append(new Commands(node)).Select(static alone => new Settled(alone)),
            new Burst(node, 100),
            new IdleMemory(node),
            new PoolRecovery(node),
            new Cycles(node, "sustained", 4, 1_000_000, SustainedFor),
            new CycleMemory(node),
            .. Concurrent.Select(callers => new Cycles(node, $"cycle@{callers}-callers", callers, 500, Timeout.InfiniteTimeSpan)),
            .. Live.SelectMany(live => new IBenchmark[]
            {
                new Crowded(node, crowd, live, FirstCommand(client)),
                new Crowded(node, crowd, live, new CellRoundTrip(client)),
                new CrowdMemory(node, crowd, live),
            }),
        ];
    }

    private static ServiceBenchmark FirstCommand(SandboxClient client) => new(
        client, "create-first-command", "create a sandbox until the output of its first command is back", Count,
        static async (client, clock, cancellationToken) =>
        {
            clock.Start();
            await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
            var result = await sandbox.RunCommandAsync("echo 1", cancellationToken: cancellationToken);
            clock.Stop();
            Expect("1\n", result.Stdout);
        });

    private static IEnumerable<IBenchmark> Alone(SandboxClient client, Uri address) =>
    [
        FirstCommand(client),
        new ServiceBenchmark(
            client, "create-first-pandas", "create a sandbox until the result of its first cell, with pandas, is back", Count,
            static async (client, clock, cancellationToken) =>
            {
                clock.Start();
                await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
                await RunPandasAsync(sandbox, cancellationToken);
                clock.Stop();
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
        new PauseResume(client),
        new CellRoundTrip(client),
        new ProxyRequest(client, address),
        new DirectRequest(),
        new FileTransfer(client, upload: true),
        new FileTransfer(client, upload: false),
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

    /// <summary>A cell that needs pandas, as the first of a session does.</summary>
    internal static async Task RunPandasAsync(RemoteSandbox sandbox, CancellationToken cancellationToken)
    {
        var cell = await sandbox.RunCellAsync("import pandas as pd\nint(pd.DataFrame({'a': [1, 2]})['a'].sum())", cancellationToken: cancellationToken);
        Expect("3", cell.Text);
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

    public int DefaultCount => 1000;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : Node.DoesNotRun;

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        await foreach (var milliseconds in ServiceBenchmarks.TimeCellsAsync(sandbox, count, cancellationToken)) yield return milliseconds;
    }
}
