using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Service;

/// <summary>What a sandbox costs that has pandas loaded and waits for its user.</summary>
internal sealed class IdleMemory(Node node) : IBenchmark
{
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    public string Name => "idle-memory";

    public string Description => "memory of all processes of an idle sandbox that has run a cell with pandas (PSS)";

    public int DefaultCount => 20;

    public string Unit => "MB";

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => node.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var index = 0; index < count; index++)
        {
            await using var sandbox = await node.Client.CreateAsync(cancellationToken: cancellationToken);
            await ServiceBenchmarks.RunPandasAsync(sandbox, cancellationToken);
            await Task.Delay(Rest, cancellationToken);
            yield return Node.ReadSandboxMegabytes(sandbox.Id);
        }
    }
}
