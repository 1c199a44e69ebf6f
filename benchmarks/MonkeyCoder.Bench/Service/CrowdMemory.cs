using System.Globalization;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Service;

/// <summary>Memory that the whole machine uses while a crowd of idle sandboxes lives.</summary>
internal sealed class CrowdMemory(Node node, Crowd crowd, int live) : IBenchmark
{
    public string Name => $"machine-memory@{live}-live";

    public string Description => $"memory in use on the machine while {live} idle sandboxes live";

    public int DefaultCount => 1;

    public string Unit => "MB";

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => node.FindObstacleAsync(cancellationToken);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await crowd.ReachAsync(live, cancellationToken);
        await Node.SettleAsync(cancellationToken);
        for (var index = 0; index < count; index++) yield return Read("MemTotal:") - Read("MemAvailable:");
    }

    private static double Read(string field) => double.Parse(
        File.ReadLines("/proc/meminfo").First(line => line.StartsWith(field, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) * 1.024 / 1000;
}
