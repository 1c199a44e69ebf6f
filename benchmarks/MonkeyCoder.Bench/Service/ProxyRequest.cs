using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>One HTTP request to a port of a sandbox where the smallest possible server answers.</summary>
internal sealed class ProxyRequest(SandboxClient client, Uri address) : IBenchmark
{
    private const int Port = 8000;

    /// <summary>A program that serves it on a port of 127.0.0.1.</summary>
    internal static string ServerOn(int port) => $$"""
        import socket
        server = socket.create_server(("127.0.0.1", {{port}}))
        print("up", flush=True)
        while True:
            connection, _ = server.accept()
            while connection.recv(65536): connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        """;

    public string Name => "proxy-request";

    public string Description => "ask a server in a sandbox for a page, through the service";

    public int DefaultCount => 1000;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : Node.DoesNotRun;

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        var process = await sandbox.StartCommandAsync($"exec python3 -c '{ServerOn(Port)}'", new CommandOptions { Timeout = Timeout.InfiniteTimeSpan }, cancellationToken);
        await foreach (var output in process.ReadOutputAsync(cancellationToken))
        {
            if (output is ProcessChunk { Stream: OutputStream.Stdout }) break;
            if (output is ProcessExit exit) throw new InvalidDataException($"The server in the sandbox ended: {exit.Error}.");
        }

        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Add("E2b-Sandbox-Id", sandbox.Id);
        http.DefaultRequestHeaders.Add("E2b-Sandbox-Port", $"{Port}");
        await foreach (var time in TimeAsync(http, count, cancellationToken)) yield return time;
    }

    /// <summary>Times of its page, after one that warms up.</summary>
    internal static async IAsyncEnumerable<double> TimeAsync(HttpClient http, int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (var index = -1; index < count; index++)
        {
            var started = Stopwatch.GetTimestamp();
            var page = await http.GetStringAsync(new Uri("/", UriKind.Relative), cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started);
            ServiceBenchmarks.Expect("ok", page);
            if (index >= 0) yield return elapsed.TotalMilliseconds;
        }
    }
}
