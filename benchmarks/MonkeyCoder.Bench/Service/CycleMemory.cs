using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Service;

/// <summary>Whether sandboxes that come and go leave anything in the memory of the service: its size after each hundred of them.</summary>
internal sealed class CycleMemory(Node node) : IBenchmark
{
    private const int Each = 100;
    private const int Callers = 4;

    public string Name => "cycle-memory";

    public string Description => $"memory of the service after each {Each} sandboxes that were created, used and killed; nothing of them may be left";

    public int DefaultCount => 100;

    public string Unit => "MB";

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => Node.ProcessId is null
        ? "it measures only a service that ./bench has started itself"
        : await node.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var cycles = new Cycles(node, Name, Callers, Each, Timeout.InfiniteTimeSpan);
        for (var index = 0; index < count; index++)
        {
            await foreach (var _ in cycles.RunAsync(Each, cancellationToken))
            {
            }

            yield return Node.ReadServiceMegabytes();
        }

        await LeftOnMachine.ExpectNoneAsync(cancellationToken);
        await Console.Error.WriteLineAsync($"{Name}: of {count * Each} sandboxes no record, piece of the store, control group or mount is left");
    }
}
