using System.Globalization;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;

namespace MonkeyCoder.Bench.Peers;

/// <summary>A plain ipykernel on this host, without any isolation, driven by jupyter_client.</summary>
/// <param name="phase"><c>start</c>: start until the first result; <c>round-trip</c>: a cell after that.</param>
/// <param name="description">What one sample covers.</param>
/// <param name="count">Samples by default.</param>
internal sealed class IpykernelPeer(string phase, string description, int count) : IBenchmark
{
    // Debian's python3: where --install-peers puts the packages.
    private const string Python = "/usr/bin/python3";

    public string Name => "ipykernel-" + phase;

    public string Description => description;

    public int DefaultCount => count;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Python)) return "python3 is not installed (--install-peers does it)";
        return await Command.TryAsync(Python, ["-c", "import ipykernel, jupyter_client"], cancellationToken) is null
            ? null
            : "ipykernel and jupyter_client are not installed (--install-peers does it)";
    }

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var script = Path.Combine(AppContext.BaseDirectory, "Peers", "ipykernel_peer.py");
        using var process = Command.Start(Python, [script, phase, count.ToString(CultureInfo.InvariantCulture)]);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        try
        {
            while (await process.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
                yield return double.Parse(line, CultureInfo.InvariantCulture);
            await process.WaitForExitAsync(cancellationToken);
            if (process.ExitCode != 0) throw new InvalidOperationException("The ipykernel peer failed: " + await errors);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
