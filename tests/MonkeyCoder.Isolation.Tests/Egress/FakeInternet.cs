using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

/// <summary>
/// Names, and one server behind every address: it answers HTTP with the requests that it got, on port 443 over TLS, and on other ports
/// than these two it says hello first, but at <see cref="SilentPort"/>, and then echoes.
/// </summary>
internal sealed class FakeInternet : INameResolver, IEgressDialer, IEgressEvents, IDisposable
{
    /// <summary>Of example.com.</summary>
    public const string ExampleAddress = "93.184.215.14";

    /// <summary>Where the client speaks first.</summary>
    public const int SilentPort = 9418;

    /// <summary>Of every server at port 443: for example.com and *.pypi.org.</summary>
    public static readonly X509Certificate2 Certificate = NewCertificate();

    private readonly ConcurrentDictionary<string, ResolvedName> _names = new();
    private readonly CancellationTokenSource _stopping = new();

    public FakeInternet()
    {
        Add("example.com", ExampleAddress);
        Add("files.pypi.org", "151.101.0.223");
    }

    /// <summary>Every name that was looked up.</summary>
    public ConcurrentQueue<string> Lookups { get; } = new();

    /// <summary>Every address that was connected to.</summary>
    public ConcurrentQueue<IPEndPoint> Dialed { get; } = new();

    /// <summary>What was refused.</summary>
    public ConcurrentQueue<EgressRefusal> Refusals { get; } = new();

    /// <summary>All that servers received over HTTP.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>What example.com and *.pypi.org at 80 and 443 come to.</summary>
    public static EgressPolicy ExamplePolicy { get; } = new()
    {
        AllowedHosts = [Rule("example.com"), Rule("*.pypi.org")],
    };

    public EgressParts Parts => new() { Resolver = this, Dialer = this, Events = this, TrustedRoots = TrustedRoots };

    /// <summary>What the gateway trusts.</summary>
    public X509Certificate2Collection TrustedRoots { get; } = [Certificate];

    public static HostRule Rule(string pattern, PortSet? ports = null)
    {
        Assert.True(HostPattern.TryParse(pattern, out var parsed));
        return new HostRule(parsed, ports ?? PortSet.Web);
    }

    public void Add(string name, params string[] addresses) =>
        _names[name] = new ResolvedName([.. addresses.Select(IPAddress.Parse)], TimeSpan.Zero);

    public Task<ResolvedName> ResolveAsync(HostName name, CancellationToken cancellationToken)
    {
        Lookups.Enqueue(name.Value);
        return Task.FromResult(_names.GetValueOrDefault(name.Value) ?? new ResolvedName([], TimeSpan.Zero));
    }

    public void Refused(EgressRefusal refusal) => Refusals.Enqueue(refusal);

    public async ValueTask<Socket> ConnectAsync(IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        Dialed.Enqueue(endPoint);
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var near = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await near.ConnectAsync(listener.LocalEndPoint!, cancellationToken);
        var far = await listener.AcceptAsync(cancellationToken);
        _ = ServeAsync(far, endPoint);
        return near;
    }

    public void Dispose()
    {
        _stopping.Cancel();
        _stopping.Dispose();
    }

    private async Task ServeAsync(Socket socket, IPEndPoint endPoint)
    {
        try
        {
            await using var plain = new NetworkStream(socket, ownsSocket: true);
            if (endPoint.Port == 80) await AnswerAsync(plain, endPoint);
            else if (endPoint.Port != 443) await EchoAsync(plain, greets: endPoint.Port != SilentPort);
            else
            {
                await using var tls = new SslStream(plain);
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = Certificate, EnabledSslProtocols = SslProtocols.None }, _stopping.Token);
                await AnswerAsync(tls, endPoint);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or AuthenticationException)
        {
            // The client is gone, or the test is over.
        }
    }

    private async Task EchoAsync(Stream stream, bool greets)
    {
        if (greets) await stream.WriteAsync("hello\n"u8.ToArray(), _stopping.Token);
        var buffer = new byte[65536];
        for (int count; (count = await stream.ReadAsync(buffer, _stopping.Token)) > 0;) await stream.WriteAsync(buffer.AsMemory(0, count), _stopping.Token);
    }

    private async Task AnswerAsync(Stream stream, IPEndPoint endPoint)
    {
        var received = "";
        var buffer = new byte[65536];
        for (int count; (count = await stream.ReadAsync(buffer, _stopping.Token)) > 0;)
        {
            received += Encoding.Latin1.GetString(buffer, 0, count);
            var chunked = received.Contains("\r\nTransfer-Encoding: chunked\r\n", StringComparison.Ordinal);
            if (!received.Contains(chunked ? "\r\n0\r\n\r\n" : "\r\n\r\n", StringComparison.Ordinal)) continue;
            Requests.Enqueue(received);
            var upgraded = received.Contains("\r\nUpgrade:", StringComparison.Ordinal);
            var body = $"answer from {endPoint}\n";
            await stream.WriteAsync(
                Encoding.Latin1.GetBytes(upgraded
                    ? "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"
                    : $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}"), _stopping.Token);
            if (upgraded) await EchoAsync(stream, greets: true);
            if (received.Contains("\r\nConnection: close\r\n", StringComparison.Ordinal)) return;
            received = "";
        }
    }

    private static X509Certificate2 NewCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=example.com", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("example.com");
        names.AddDnsName("*.pypi.org");
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, new DateTimeOffset(2100, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }
}
