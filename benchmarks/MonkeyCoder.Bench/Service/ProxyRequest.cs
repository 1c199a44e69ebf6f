using System.Diagnostics;
using System.Runtime.CompilerServices;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>One HTTP request to a port of a sandbox where the smallest possible server answers.</summary>
internal sealed class ProxyRequest(SandboxClient client, Uri address) : IBenchmark
{
    private const int Port = 8000;

    private const string Server = """
        exec python3 -c '
        import socket
        server = socket.create_server(("127.0.0.1", 8000))
        print("up", flush=True)
        while True:
            connection, _ = server.accept()
            while connection.recv(65536): connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        '
        """;

    public string Name => "proxy-request";

    public string Description => "ask a server in a sandbox for a page, through the service";

    public int DefaultCount => 1000;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken) =>
        await client.IsHealthyAsync(cancellationToken) ? null : "the sandbox service does not answer";

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        var process = await sandbox.StartCommandAsync(Server, new CommandOptions { Timeout = Timeout.InfiniteTimeSpan }, cancellationToken);
        await foreach (var output in process.ReadOutputAsync(cancellationToken))
        {
            if (output is ProcessChunk { Stream: OutputStream.Stdout }) break;
            if (output is ProcessExit exit) throw new InvalidDataException($"The server in the sandbox ended: {exit.Error}.");
        }

        using var http = new HttpClient { BaseAddress = address };
        http.DefaultRequestHeaders.Add("E2b-Sandbox-Id", sandbox.Id);
        http.DefaultRequestHeaders.Add("E2b-Sandbox-Port", $"{Port}");
        for (var index = -1; index < count; index++)
        {
            var started = Stopwatch.GetTimestamp();
            var page = await http.GetStringAsync("/", cancellationToken);
            var elapsed = Stopwatch.GetElapsedTime(started);
            ServiceBenchmarks.Expect("ok", page);
            if (index >= 0) yield return elapsed.TotalMilliseconds;
        }
    }
}
