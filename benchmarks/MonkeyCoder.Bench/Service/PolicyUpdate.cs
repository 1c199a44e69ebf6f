using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using MonkeyCoder.Bench.Measuring;
using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>
/// From sending <c>PUT /sandboxes/{id}/network</c> until its effect is seen outside, by the server that the sandbox connects to: the first
/// connection that it allows arrives, or the open one that it no longer allows ends. The sandbox tries every 25 ms, which is part of the former.
/// </summary>
/// <param name="client">Talks to the service over HTTP.</param>
/// <param name="http">The same, for the request that is measured.</param>
/// <param name="hasServersRange">Whether the service lets sandboxes reach <see cref="OutsideServer.Range"/>.</param>
/// <param name="allows">Whether the update that is measured allows or denies.</param>
internal sealed class PolicyUpdate(SandboxClient client, HttpClient http, bool hasServersRange, bool allows) : IBenchmark
{
    private const string Allow = $$"""{"allowOut":["{{OutsideServer.Address}}"],"denyOut":["0.0.0.0/0"]}""";
    private const string Deny = """{"allow_internet_access":false}""";
    private static readonly string Try = $"""
        exec python3 -c '
        import socket, time
        while True:
            try:
                with socket.create_connection(("{OutsideServer.Address}", {OutsideServer.Port}), 5) as s:
                    s.settimeout(None)
                    s.sendall(b"x")
                    s.recv(1)
            except OSError: pass
            time.sleep(0.025)
        '
        """;

    public string Name => allows ? "policy-update-allow" : "policy-update-deny";

    public string Description => allows
        ? "allow a running sandbox an address until its first connection arrives there (it tries every 25 ms)"
        : "deny a running sandbox an address until its open connection to it is cut";

    public int DefaultCount => 100;

    public async Task<string?> FindObstacleAsync(CancellationToken cancellationToken)
    {
        if (!hasServersRange) return "only a service that './bench run' starts lets sandboxes reach the server of this test";
        return await client.IsHealthyAsync(cancellationToken) ? null : Node.DoesNotRun;
    }

    public async IAsyncEnumerable<double> RunAsync(int count, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var server = await OutsideServer.StartAsync(cancellationToken);
        await using var sandbox = await client.CreateAsync(cancellationToken: cancellationToken);
        await PutAsync(sandbox, Deny, cancellationToken);
        await sandbox.StartCommandAsync(Try, new CommandOptions { Timeout = Timeout.InfiniteTimeSpan }, cancellationToken);
        for (var index = 0; index <= count; index++)
        {
            var arrives = server.AcceptAsync(cancellationToken);
            var allowed = await MeasureAsync(sandbox, Allow, arrives, cancellationToken);
            using var connection = await arrives;
            var denied = await MeasureAsync(sandbox, Deny, EndAsync(connection, cancellationToken), cancellationToken);
            // The first one warms up.
            if (index > 0) yield return (allows ? allowed : denied).TotalMilliseconds;
        }
    }

    private async Task<TimeSpan> MeasureAsync(RemoteSandbox sandbox, string policy, Task effect, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        var answered = PutAsync(sandbox, policy, cancellationToken);
        await effect;
        var elapsed = Stopwatch.GetElapsedTime(started);
        await answered;
        return elapsed;
    }

    private async Task PutAsync(RemoteSandbox sandbox, string policy, CancellationToken cancellationToken)
    {
        using var content = new StringContent(policy, Encoding.UTF8, "application/json");
        using var response = await http.PutAsync(new Uri($"/sandboxes/{sandbox.Id}/network", UriKind.Relative), content, cancellationToken);
        response.EnsureSuccessStatusCode();
    }

    private static async Task EndAsync(Socket connection, CancellationToken cancellationToken)
    {
        var buffer = new byte[16];
        try
        {
            while (await connection.ReceiveAsync(buffer, cancellationToken) > 0)
            {
                // Its greeting.
            }
        }
        catch (SocketException)
        {
            // Cut, which is an end too.
        }
    }
}
