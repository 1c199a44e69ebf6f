using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Tests.E2b;

namespace MonkeyCoder.Sandbox.Tests.Telemetry;

/// <summary>
/// What the service allocates for one request, from the socket of its client to the socket of an agent and back. Unlike
/// times, these figures are the same on every machine, so that a ceiling holds: it is a little above what was measured when it was set.
/// Lower it with each improvement.
/// </summary>
[Collection(nameof(AllocationTests))]
public sealed class AllocationTests
{
    private const int Warmup = 300;
    private const int Requests = 500;

    // Bytes, in a debug build. Files are of 4 MiB: what they allocate must not depend on their size by much.
    private const long CellCeiling = 22_000;
    private const long CommandCeiling = 13_500;
    private const long ProxiedCeiling = 5_000;
    private const long UploadCeiling = 64_000; // depends on the number of pieces in which the kernel hands the file over
    private const long DownloadCeiling = 120_000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("cell", CellCeiling)]
    [InlineData("command", CommandCeiling)]
    [InlineData("proxied", ProxiedCeiling)]
    [InlineData("upload", UploadCeiling)]
    [InlineData("download", DownloadCeiling)]
    public async Task Request_OfOneKind_AllocatesNoMoreThanItsCeiling(string kind, long ceilingBytes)
    {
        using var agent = new CannedAgent();
        await using var node = await E2bNode.StartAsync(
            static services =>
            {
                services.RemoveAll<ICellRunner>();
                services.AddSingleton(TimeProvider.System);
            },
            "--RateLimits:CallerBurst=1000000", "--RateLimits:AddressBurst=1000000");
        node.Engine.MakeAgent = () => agent.Client;
        var sandbox = await node.CreateAsync();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(new IPEndPoint(IPAddress.Loopback, node.Client.BaseAddress!.Port));
        var (request, end) = Request(kind, sandbox);
        var buffer = new byte[64 * 1024];

        for (var i = 0; i < Warmup; i++) Exchange(client, request, end, buffer);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var i = 0; i < Requests; i++) Exchange(client, request, end, buffer);
        var perRequest = (GC.GetTotalAllocatedBytes(precise: true) - before) / Requests;

        TestContext.Current.SendDiagnosticMessage($"{kind}: {perRequest} bytes a request");
        Assert.InRange(perRequest, 1, ceilingBytes);
    }

    /// <summary>A whole request, and how its answer ends.</summary>
    private static (byte[] Request, byte[] End) Request(string kind, Created sandbox)
    {
        const int FileBytes = 4 * 1024 * 1024;
        var (method, path, port, type, body, end) = kind switch
        {
            "cell" => ("POST", "/execute", 49999, "application/json", """{"code":"1+1"}"""u8.ToArray(), "0\r\n\r\n"),
            "command" => ("POST", "/process.Process/Start", 49983, "application/connect+json",
                FrameReader.Envelope("""{"process":{"cmd":"/bin/bash","args":["-c","echo 1"]}}"""), "0\r\n\r\n"),
            "proxied" => ("GET", "/", 8000, "text/plain", [], CannedAgent.PageEnd),
            "upload" => ("POST", "/files?path=/f", 49983, "application/octet-stream", new byte[FileBytes], "}]"),
            _ => ("GET", "/files?path=/f", 49983, "text/plain", [], CannedAgent.FileEnd),
        };
        var token = port == 8000 ? $"E2b-Traffic-Access-Token: {sandbox.TrafficToken}" : $"X-Access-Token: {sandbox.Token}";
        var head = $"""
            {method} {path} HTTP/1.1
            Host: localhost
            E2b-Sandbox-Id: {sandbox.Id}
            E2b-Sandbox-Port: {port}
            {token}
            Content-Type: {type}
            Content-Length: {body.Length}


            """.ReplaceLineEndings("\r\n");
        return ([.. Encoding.ASCII.GetBytes(head), .. body], Encoding.ASCII.GetBytes(end));
    }

    private static void Exchange(Socket client, byte[] request, byte[] end, byte[] buffer)
    {
        for (var sent = 0; sent < request.Length;) sent += client.Send(request.AsSpan(sent));
        var kept = 0;
        while (true)
        {
            var count = client.Receive(buffer.AsSpan(kept));
            if (count == 0) Assert.Fail("The service has closed the connection: " + Encoding.UTF8.GetString(buffer, 0, kept));
            var all = buffer.AsSpan(0, kept + count);
            if (kept == 0 && !all.StartsWith("HTTP/1.1 200"u8) && all.StartsWith("HTTP"u8)) Assert.Fail(Encoding.UTF8.GetString(all));
            if (all.EndsWith(end)) return;
            // Enough of it to see an end that came in two pieces.
            kept = Math.Min(all.Length, end.Length);
            all[^kept..].CopyTo(buffer);
        }
    }
}

/// <summary>Nothing else allocates meanwhile.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationCollection;

/// <summary>An agent on a unix socket that gives the same answers again and again, and allocates next to nothing for it.</summary>
internal sealed class CannedAgent : IDisposable
{
    /// <summary>How the page of its port and its file end.</summary>
    public const string PageEnd = "page";

    public const string FileEnd = "file";

    private const int Threads = 4;
    private const int FileFrames = 64;

    private static readonly Dictionary<string, string> None = [];

    private readonly string _directory = Directory.CreateTempSubdirectory("monkey-canned-").FullName;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly byte[] _ok = Frames((FrameType.Ok, null));
    private readonly byte[] _cell = Frames(
        (FrameType.KernelMessage, new KernelMessageEvent("count", false, """{"execution_count":1}"""u8.ToArray())),
        (FrameType.KernelMessage, new KernelMessageEvent("result", false, """{"text":"2","is_main_result":true}"""u8.ToArray())),
        (FrameType.KernelIdle, new KernelIdleEvent(false)));

    private readonly byte[] _process =
    [
        .. Frames((FrameType.ProcessStarted, new ProcessStartedEvent(5))), .. Chunk(FrameType.Stdout, "1\n"u8),
        .. Frames((FrameType.ProcessExited, new ProcessExitedEvent(0, 0))),
    ];

    private readonly byte[] _entry = Frames((FrameType.FileEntry, Entry()));
    private readonly byte[] _file;

    public CannedAgent()
    {
        var content = new byte[AgentProtocol.MaxChunkBytes];
        Encoding.ASCII.GetBytes(FileEnd).CopyTo(content.AsSpan(content.Length - FileEnd.Length));
        // Only the last chunk ends as the file does.
        _file =
        [
            .. Frames((FrameType.FileOpened, new FileOpenedAnswer(Entry(), (long)FileFrames * content.Length))),
            .. Enumerable.Repeat(Chunk(FrameType.Data, new byte[content.Length]), FileFrames - 1).SelectMany(static chunk => chunk),
            .. Chunk(FrameType.Data, content), .. Frames((FrameType.End, null)),
        ];
        var path = Path.Combine(_directory, "agent");
        _listener.Bind(new UnixDomainSocketEndPoint(path));
        _listener.Listen(16);
        Client = AgentClient.ForUnixSocket(path, new AgentClientOptions { OutputCpuShare = 1 });
        for (var i = 0; i < Threads; i++) new Thread(Serve) { IsBackground = true }.Start();
    }

    public AgentClient Client { get; }

    public void Dispose()
    {
        _listener.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static FileEntryInfo Entry() => new("f", "/f", FileEntryType.File, 1, 0x1A4, "-rw-r--r--", "u", "g", 0, null, None);

    private static byte[] Frames(params ReadOnlySpan<(FrameType Type, IAgentMessage? Message)> frames)
    {
        var writer = new WireWriter();
        foreach (var (type, message) in frames) writer.WriteFrame(type, message);
        return writer.Written.ToArray();
    }

    private static byte[] Chunk(FrameType type, ReadOnlySpan<byte> bytes)
    {
        var frame = new byte[AgentProtocol.HeaderBytes + bytes.Length];
        new FrameHeader(type, bytes.Length).Write(frame);
        bytes.CopyTo(frame.AsSpan(AgentProtocol.HeaderBytes));
        return frame;
    }

    private void Serve()
    {
        var buffer = new byte[AgentProtocol.HeaderBytes + AgentProtocol.MaxFrameBytes];
        try
        {
            while (true)
            {
                using var connection = _listener.Accept();
                try
                {
                    Answer(connection, buffer);
                }
                catch (SocketException)
                {
                    // The node had enough.
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private void Answer(Socket connection, byte[] buffer)
    {
        switch (Receive(connection, buffer))
        {
            case FrameType.KernelExecute:
                connection.Send(_cell);
                break;
            case FrameType.ProcessStart:
                connection.Send(_process);
                break;
            case FrameType.FileRead:
                connection.Send(_file);
                break;
            case FrameType.FileWrite:
                while (Receive(connection, buffer) is FrameType.Data) continue;
                connection.Send(_entry);
                break;
            case FrameType.Dial:
                connection.Send(_ok);
                while (connection.Receive(buffer) > 0) connection.Send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage"u8);
                return;
            default:
                connection.Send(_ok);
                break;
        }

        // The node closes first.
        _ = connection.Receive(buffer);
    }

    private static FrameType Receive(Socket connection, byte[] buffer)
    {
        Fill(connection, buffer.AsSpan(0, AgentProtocol.HeaderBytes));
        var header = FrameHeader.Read(buffer);
        Fill(connection, buffer.AsSpan(AgentProtocol.HeaderBytes, header.PayloadBytes));
        return header.Type;
    }

    private static void Fill(Socket connection, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = connection.Receive(bytes);
            if (count == 0) throw new SocketException((int)SocketError.ConnectionReset);
            bytes = bytes[count..];
        }
    }
}
