using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Tests.Egress;

public sealed class TlsInterceptTests
{
    private const string Secret = "Bearer s3cret";

    private static readonly EgressAuthority Authority = EgressAuthority.Create(DateTimeOffset.Parse("2026-01-01T00:00:00Z", null));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Request_ToANameWithARule_GetsItsHeaderInPlaceOfTheClients()
    {
        await using var proxy = new ProxyFixture(WithRule("example.com"));

        var (answer, issuer) = await GetAsync(proxy, "example.com", "authorization: mine\r\n");

        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Equal("CN=Sandbox network rules", issuer);
        Assert.Equal(
            "GET / HTTP/1.1\r\nHost: example.com\r\nAuthorization: Bearer s3cret\r\nConnection: close\r\n\r\n", Assert.Single(proxy.Internet.Requests));
    }

    [Fact]
    public async Task Request_ToANameWithoutARule_IsNotRead()
    {
        await using var proxy = new ProxyFixture(WithRule("files.pypi.org"));

        var (_, issuer) = await GetAsync(proxy, "example.com", "authorization: mine\r\n");

        Assert.Equal("CN=example.com", issuer);
        Assert.Contains("authorization: mine", Assert.Single(proxy.Internet.Requests), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", string.Concat(proxy.Internet.Requests), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_WithoutTls_GetsNoHeader()
    {
        await using var proxy = new ProxyFixture(WithRule("example.com"));

        await proxy.TalkAsync("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n");

        Assert.DoesNotContain("s3cret", Assert.Single(proxy.Internet.Requests), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TRACE")]
    [InlineData("trace")]
    [InlineData("TRACK")]
    public async Task Request_WhoseAnswerIsTheRequest_GetsNoHeader(string method)
    {
        await using var proxy = new ProxyFixture(WithRule("example.com"));
        await using var tls = await HandshakeAsync(proxy, "example.com");

        await tls.WriteAsync(Encoding.ASCII.GetBytes($"{method} / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n"), Token);
        await ReadToEndAsync(tls);

        var request = Assert.Single(proxy.Internet.Requests);
        Assert.StartsWith(method, request, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", request, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_ForAnotherHostInside_GoesNowhere()
    {
        await using var proxy = new ProxyFixture(WithRule("example.com"));
        await using var tls = await HandshakeAsync(proxy, "example.com");

        await tls.WriteAsync("GET / HTTP/1.1\r\nHost: files.pypi.org\r\n\r\n"u8.ToArray(), Token);

        Assert.Equal("", await ReadToEndAsync(tls));
        Assert.Empty(proxy.Internet.Requests);
    }

    [Fact]
    public async Task Requests_OnOneConnection_AreJudgedByThePolicyOfTheMoment()
    {
        var policy = WithRule("example.com");
        await using var proxy = new ProxyFixture(policy);
        await using var tls = await HandshakeAsync(proxy, "example.com");
        const string Request = "GET / HTTP/1.1\r\nHost: example.com\r\n\r\n";
        await tls.WriteAsync(Encoding.ASCII.GetBytes(Request), Token);
        await ReadAnswerAsync(tls);

        proxy.Egress.SetPolicy(policy with { HeaderRules = [] });
        await tls.WriteAsync(Encoding.ASCII.GetBytes(Request), Token);
        await ReadAnswerAsync(tls);

        Assert.Contains(Secret, proxy.Internet.Requests.First(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, proxy.Internet.Requests.Last(), StringComparison.Ordinal);
        Assert.Equal(2, proxy.Internet.Requests.Count);
    }

    [Fact]
    public async Task Connection_ToAHostThatIsNotTrusted_EndsBeforeTheClientSpeaks()
    {
        await using var proxy = new ProxyFixture(WithRule("example.com"));
        proxy.Internet.TrustedRoots.Clear();
        using var stranger = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(StrangerOf(Authority)));
        proxy.Internet.TrustedRoots.Add(stranger);

        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(proxy, "example.com"));

        Assert.Equal("untrusted", Assert.Single(proxy.Internet.Refusals).Reason);
        Assert.Empty(proxy.Internet.Requests);
    }

    [Fact]
    public async Task Connection_ToAHostOfAnotherName_IsNotTrusted()
    {
        var policy = WithRule("other.org") with { AllowedHosts = [FakeInternet.Rule("other.org")] };
        await using var proxy = new ProxyFixture(policy);
        proxy.Internet.Add("other.org", FakeInternet.ExampleAddress);

        await Assert.ThrowsAnyAsync<Exception>(() => HandshakeAsync(proxy, "other.org"));

        Assert.Equal("untrusted", Assert.Single(proxy.Internet.Refusals).Reason);
        Assert.Empty(proxy.Internet.Requests);
    }

    [Fact]
    public void Authority_OfEachSandbox_IsItsOwn()
    {
        var other = EgressAuthority.Create(DateTimeOffset.Parse("2026-01-01T00:00:00Z", null));

        Assert.NotEqual(Authority.CertificatePem, other.CertificatePem);
        Assert.DoesNotContain("PRIVATE", Authority.CertificatePem, StringComparison.Ordinal);
    }

    [Fact]
    public void CertificateFor_ManyNames_KeepsSomeOfThem()
    {
        var authority = EgressAuthority.Create(DateTimeOffset.Parse("2026-01-01T00:00:00Z", null));
        for (var i = 0; i < 600; i++)
        {
            Assert.True(HostName.TryParse($"n{i}.example.com", out var name));
            Assert.Same(authority.CertificateFor(name), authority.CertificateFor(name));
        }

        Assert.InRange(authority.Kept, 1, 300);
    }

    private static EgressPolicy WithRule(string name)
    {
        Assert.True(HostPattern.TryParse(name, out var pattern));
        return FakeInternet.ExamplePolicy with
        {
            HeaderRules = [new HeaderRule(pattern, new Dictionary<string, string> { ["Authorization"] = Secret })],
            Authority = Authority,
        };
    }

    private static async Task<(string Answer, string Issuer)> GetAsync(ProxyFixture proxy, string name, string fields)
    {
        await using var tls = await HandshakeAsync(proxy, name);
        await tls.WriteAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: {name}\r\n{fields}Connection: close\r\n\r\n"), Token);
        return (await ReadToEndAsync(tls), tls.RemoteCertificate!.Issuer);
    }

    /// <summary>A client that trusts the internet's certificate, and the authority of its sandbox.</summary>
    private static async Task<SslStream> HandshakeAsync(ProxyFixture proxy, string name)
    {
        var socket = await proxy.ConnectAsync();
        await ProxyFixture.SendAsync(socket, $"CONNECT {name}:443 HTTP/1.1\r\nHost: {name}:443\r\n\r\n");
        await ProxyFixture.ReadUntilAsync(socket, "\r\n\r\n");
        var tls = new SslStream(new NetworkStream(socket, ownsSocket: true));
        var chain = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        chain.CustomTrustStore.Add(FakeInternet.Certificate);
        chain.CustomTrustStore.Add(X509Certificate2.CreateFromPem(Authority.CertificatePem));
        // The clock of the test's machine may be anywhere within the certificates' lives; they are judged at a fixed time.
        chain.VerificationTime = new DateTime(2026, 6, 1, 0, 0, 0, DateTimeKind.Utc);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = name, CertificateChainPolicy = chain, EnabledSslProtocols = SslProtocols.None,
                    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                }, Token);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }

        return tls;
    }

    private static async Task<string> ReadToEndAsync(SslStream tls)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        try
        {
            for (int count; (count = await tls.ReadAsync(buffer, Token)) > 0;) text.Append(Encoding.ASCII.GetString(buffer, 0, count));
        }
        catch (IOException)
        {
            // A reset.
        }

        return text.ToString();
    }

    private static async Task ReadAnswerAsync(SslStream tls)
    {
        var text = new StringBuilder();
        var buffer = new byte[8192];
        while (!text.ToString().Contains("answer from", StringComparison.Ordinal) || text[^1] != '\n')
            text.Append(Encoding.ASCII.GetString(buffer, 0, await tls.ReadAsync(buffer, Token)));
    }

    private static string StrangerOf(EgressAuthority authority) =>
        string.Concat(authority.CertificatePem.Split('\n').Where(static line => !line.StartsWith('-')));
}
