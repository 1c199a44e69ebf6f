using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Peers;

/// <summary>bubblewrap around the template's Python: namespaces only, no limits, no state.</summary>
internal sealed class BubblewrapPeer(string? rootPath) : IBenchmark
{
    public string Name => "bubblewrap-run";

    public string Description => "bwrap around the same root filesystem, python3 -c 'print(1)'";

    public int DefaultCount => 50;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) => Task.FromResult(
        !Command.Exists("bwrap") ? "bubblewrap is not installed (--install-peers does it)"
        : rootPath is null ? "the base template is not built (monkey templates build base)"
        : null);

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string[] arguments =
        [
            "--ro-bind", rootPath!, "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", "--unshare-all",
            "--die-with-parent", "/usr/bin/python3", "-c", "print(1)",
        ];
        await Command.RunAsync("bwrap", arguments, cancellationToken);
        for (var index = 0; index < count; index++) yield return await Command.TimeAsync("bwrap", arguments, cancellationToken);
    }
}
