using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Client;
using MonkeyCoder.Security.Tests.Inside;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Node;

/// <summary>
/// Secrets planted wherever a way out or a way across would lead: on the host, in the service's environment, on a port of
/// every address of the host, and in a neighbour sandbox of another tenant.
/// </summary>
internal sealed class Canaries : IAsyncDisposable
{
    /// <summary>Port of the host's listener.</summary>
    public const int HostPort = 18081;

    private const string HostFile = "/canary-host.txt";

    // Everything that one sandbox can hold that another one must not reach.
    private const string Neighbour = """
        import ctypes, os, socket, threading
        secret = os.environ["CANARY"].encode()
        for volume in ("workspace", "temp", "logs"):
            open(f"/sandbox/volumes/{volume}/canary.txt", "wb").write(secret)
        libc = ctypes.CDLL(None)
        libc.shmat.restype = ctypes.c_void_p
        shared = libc.shmat(libc.shmget(0x5bc, 4096, 0o1666), None, 0)
        ctypes.memmove(shared, secret, len(secret))
        abstract = socket.socket(socket.AF_UNIX); abstract.bind("\0sbx-canary"); abstract.listen()
        port = socket.socket(); port.bind(("0.0.0.0", 18080)); port.listen()
        def serve(listener):
            while True:
                client, _ = listener.accept()
                client.sendall(secret)
                client.close()
        threading.Thread(target=serve, args=(abstract,), daemon=True).start()
        print("planted", flush=True)
        serve(port)
        """;

    private readonly CancellationTokenSource _stop = new();
    private readonly TcpListener _listener = new(IPAddress.Any, HostPort);
    private readonly string _secret = "CANARY-" + RandomNumberGenerator.GetHexString(32, lowercase: true);
    private StrictSandbox? _neighbour;
    private RemoteProcess? _process;
    private Task _serving = Task.CompletedTask;
    private int _hits;

    /// <summary>For the service's own environment.</summary>
    public string Secret => _secret;

    /// <summary>Connections to the host's listener.</summary>
    public int Hits => Volatile.Read(ref _hits);

    public string NeighbourId => _neighbour!.Id;

    /// <summary>Before the service starts.</summary>
    public void PlantOnHost()
    {
        File.WriteAllText(HostFile, _secret + "\n");
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>Once the service runs.</summary>
    public async Task PlantInNeighbourAsync(NodeUnderTest node, string otherKey, CancellationToken cancellationToken)
    {
        _neighbour = await StrictSandbox.CreateAsync(node, cancellationToken, otherKey);
        _process = await _neighbour.Remote.StartCommandAsync(
            "exec python3 -c " + StrictSandbox.Quote(Neighbour),
            new CommandOptions { Environment = new Dictionary<string, string> { ["CANARY"] = _secret }, Timeout = Timeout.InfiniteTimeSpan }, cancellationToken);
        await foreach (var output in _process.ReadOutputAsync(cancellationToken))
        {
            var text = output is ProcessChunk chunk ? Encoding.UTF8.GetString(chunk.Bytes.Span) : output.ToString();
            Assert.Equal("planted\n", text);
            break;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _stop.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        if (_neighbour is not null) await _neighbour.DisposeAsync();
        File.Delete(HostFile);
    }

    private async Task ServeAsync()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Interlocked.Increment(ref _hits);
                await client.GetStream().WriteAsync(
                    Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {_secret.Length}\r\nConnection: close\r\n\r\n{_secret}"), _stop.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Stopped.
        }
    }
}
