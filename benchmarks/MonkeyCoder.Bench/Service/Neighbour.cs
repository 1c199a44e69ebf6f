using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>
/// One cell in a warm kernel, alone on the node or beside a sandbox that burns CPU at its memory limit with a full disk:
/// what one tenant's load costs another.
/// </summary>
internal sealed class Neighbour(SandboxClient client, bool burning) : IBenchmark
{
    // Fills the disk until a write is refused, takes memory up to a little below the limit, and spins on every CPU there is.
    private const string Burn = """
        cat /dev/zero > /home/user/full 2>/dev/null
        exec python3 -c '
        import os
        held = bytearray(b"x") * (400 << 20)
        for _ in range(8):
            if os.fork() == 0: break
        print("burning", flush=True)
        while True: held[0] = (held[0] + 1) % 256
        '
        """;

    public string Name => burning ? "neighbour-burning" : "neighbour-idle";

    public string Description => burning
        ? "run 1+1 beside a sandbox that burns CPU at its memory limit with a full disk"
        : "run 1+1 with no other sandbox at work";

    public int DefaultCount => 300;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : Node.DoesNotRun;

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        await using var other = burning ? await client.CreateAsync(cancellationToken: cancellationToken) : null;
        if (other is not null) await StartAsync(other, cancellationToken);
        await foreach (var milliseconds in ServiceBenchmarks.TimeCellsAsync(sandbox, count, cancellationToken)) yield return milliseconds;
    }

    private static async Task StartAsync(RemoteSandbox sandbox, CancellationToken cancellationToken)
    {
        var process = await sandbox.StartCommandAsync(Burn, new CommandOptions { Timeout = Timeout.InfiniteTimeSpan }, cancellationToken);
        await foreach (var output in process.ReadOutputAsync(cancellationToken))
        {
            if (output is ProcessChunk { Stream: OutputStream.Stdout }) return;
            if (output is ProcessExit exit) throw new InvalidDataException($"The burning neighbour ended: {exit.Error}.");
        }
    }
}
