using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Bench.Service;

namespace MonkeyCoder.Bench.Peers;

/// <summary>The request of <see cref="ProxyRequest"/> to the same server outside of sandboxes: what is left is the service's own.</summary>
internal sealed class DirectRequest : IBenchmark
{
    private const int Port = 18_000;

    public string Name => "direct-request";

    public string Description => "ask the same server for the page, without a sandbox and without the service";

    public int DefaultCount => 1000;

    public Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        Task.FromResult(Command.Exists("python3") ? null : "python3 is not installed");

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var server = Process.Start(new ProcessStartInfo("python3", ["-c", ProxyRequest.ServerOn(Port)]) { RedirectStandardOutput = true })!;
        try
        {
            await server.StandardOutput.ReadLineAsync(cancellationToken);
            using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{Port}") };
            await foreach (var time in ProxyRequest.TimeAsync(http, count, cancellationToken)) yield return time;
        }
        finally
        {
            server.Kill(entireProcessTree: true);
        }
    }
}
