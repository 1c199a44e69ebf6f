using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Egress;

namespace MonkeyCoder.Sandbox.Tests.E2b.Control;

public sealed class NetworkEndpointsTests : IAsyncLifetime
{
    private const string Secret = "Bearer s3cret-of-the-tenant";

    private E2bNode _node = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await StartAsync(permitPublic: true);
        // What adds the certificate of header rules to the sandbox's own list.
        _node.Agent.ProcessScript = static process => process.Exit(0);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData("{\"templateID\":\"base\"}", "listed.org", true)] // the node's own list
    [InlineData("{\"templateID\":\"base\"}", "example.com", false)]
    [InlineData("{\"templateID\":\"base\",\"allow_internet_access\":true}", "example.com", true)]
    [InlineData("{\"templateID\":\"base\",\"allow_internet_access\":false}", "listed.org", false)]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"denyOut\":[\"0.0.0.0/0\"]}}", "listed.org", false)]
    [InlineData("{\"templateID\":\"base\",\"allow_internet_access\":true,\"network\":{\"denyOut\":[\"0.0.0.0/0\"]}}", "example.com", false)]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"denyOut\":[\"0.0.0.0/0\"],\"allowOut\":[\"example.com\"]}}", "example.com", true)]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"denyOut\":[\"0.0.0.0/0\"],\"allowOut\":[\"*.example.com\"]}}", "a.example.com", true)]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"8.8.8.8\"]}}", "listed.org", true)]
    public async Task Create_Domains_AreThoseThatWereAskedFor(string json, string name, bool allowed)
    {
        await _node.CreateAsync(json);

        Assert.True(HostName.TryParse(name, out var host));
        Assert.Equal(allowed, Policy().JudgeName(host, 443).IsAllowed);
    }

    [Theory]
    [InlineData("{\"templateID\":\"base\"}", "8.8.8.8", 443, "not_allowed")]
    [InlineData("{\"templateID\":\"base\",\"allow_internet_access\":true}", "8.8.8.8", 443, null)]
    [InlineData("{\"templateID\":\"base\",\"allow_internet_access\":true,\"network\":{\"denyOut\":[\"8.8.8.0/24\"]}}", "8.8.8.8", 443, "denied")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"denyOut\":[\"0.0.0.0/0\"],\"allowOut\":[\"8.8.8.8\"]}}", "8.8.8.8", 53, null)]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"8.8.8.8:53\"]}}", "8.8.8.8", 443, "port")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"0.0.0.0/0\"]}}", "8.8.8.8", 443, null)]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"0.0.0.0/0:443\",\"0.0.0.0/0:80\"]}}", "8.8.8.8", 80, null)]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"0.0.0.0/0:443\",\"0.0.0.0/0:80\"]}}", "8.8.8.8", 22, "port")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"0.0.0.0/0:443\",\"0.0.0.0/0\"]}}", "8.8.8.8", 22, null)]
    [InlineData("{\"templateID\":\"base\",\"allow_internet_access\":true}", "8.8.8.8", 25, "port")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"0.0.0.0/0\"]}}", "8.8.8.8", 25, "port")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"0.0.0.0/1\",\"128.0.0.0/1\"]}}", "8.8.8.8", 25, "port")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"0.0.0.0/1\",\"128.0.0.0/1\"]}}", "8.8.8.8", 587, null)]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"8.8.8.8\"]}}", "8.8.8.8", 25, "port")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"::/0\"]}}", "8.8.8.8", 443, "not_allowed")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"10.0.0.0/8\",\"127.0.0.1\"]}}", "10.0.0.5", 80, "special_address")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"::ffff:127.0.0.1\"]}}", "127.0.0.1", 80, "special_address")]
    public async Task Create_Addresses_AreThoseThatWereAskedFor(string json, string address, int port, string? reason)
    {
        await _node.CreateAsync(json);

        Assert.Equal(reason, Policy().JudgeAddress(IPAddress.Parse(address), port, AddressPolicy.Tables).Reason);
    }

    [Theory]
    [InlineData("{\"denyOut\":[\"example.com\"]}", 400, "invalid denied CIDR example.com")]
    [InlineData("{\"denyOut\":[\"1.2.3\"]}", 400, "invalid denied CIDR 1.2.3")]
    [InlineData("{\"denyOut\":[\"1.2.3.4/33\"]}", 400, "invalid denied CIDR 1.2.3.4/33")]
    [InlineData("{\"denyOut\":[null]}", 400, "invalid denied CIDR null")]
    [InlineData("{\"allowOut\":[\"example.com\"]}", 400, "you must include 'ALL_TRAFFIC' in deny out")]
    [InlineData("{\"allowOut\":[\"*\"],\"denyOut\":[\"0.0.0.0/0\"]}", 400, "invalid allowed host or CIDR *")]
    [InlineData("{\"allowOut\":[\"*.com\"],\"denyOut\":[\"0.0.0.0/0\"]}", 400, "invalid allowed host or CIDR *.com")]
    [InlineData("{\"allowOut\":[\"localhost\"],\"denyOut\":[\"0.0.0.0/0\"]}", 400, "invalid allowed host or CIDR localhost")]
    [InlineData("{\"allowOut\":[\"2130706433\"],\"denyOut\":[\"0.0.0.0/0\"]}", 400, "invalid allowed host or CIDR 2130706433")]
    [InlineData("{\"allowOut\":[\"metadata.google.internal\"],\"denyOut\":[\"0.0.0.0/0\"]}", 400, "invalid allowed host or CIDR")]
    [InlineData("{\"allowOut\":[\"example.com:0\"],\"denyOut\":[\"0.0.0.0/0\"]}", 400, "invalid allowed host or CIDR")]
    [InlineData("{\"egressProxy\":{\"address\":\"127.0.0.1:1\"}}", 501, "egress proxy")]
    [InlineData("{\"rules\":{\"example.com\":[{\"transform\":{\"headers\":{\"Host\":\"x\"}}}]}}", 400, "'Host' cannot be set")]
    [InlineData("{\"rules\":{\"example.com\":[{\"transform\":{\"headers\":{\"proxy-authorization\":\"x\"}}}]}}", 400, "cannot be set")]
    [InlineData("{\"rules\":{\"example.com\":[{\"transform\":{\"headers\":{\"X A\":\"x\"}}}]}}", 400, "a name that is none")]
    [InlineData("{\"rules\":{\"example.com\":[{\"transform\":{\"headers\":{\":path\":\"x\"}}}]}}", 400, "a name that is none")]
    [InlineData("{\"rules\":{\"example.com\":[{\"transform\":{\"headers\":{\"X-A\":\"s3cret\\r\\nX-B: 1\"}}}]}}", 400, "is no header value")]
    [InlineData("{\"rules\":{\"example.com\":[{\"transform\":{\"headers\":{\"X-A\":null}}}]}}", 400, "is no header value")]
    [InlineData("{\"rules\":{\"localhost\":[{\"transform\":{\"headers\":{\"X-A\":\"s3cret\"}}}]}}", 400, "'localhost' in 'network.rules' is no domain")]
    [InlineData("{\"rules\":{\"example.com\":[{\"transform\":{\"headers\":{\"X-A\":\"${e2b.secrets.a}\"}}}]}}", 501, "stored secret")]
    [InlineData("{\"rules\":{\"example.com\":[{\"match\":{\"path\":\"/x\"}}]}}", 400, "rules")]
    public async Task CreateAndReplace_ABadRule_SayWhatIsWrong(string network, int status, string message)
    {
        using var created = await _node.SendAsync(HttpMethod.Post, "/v2/sandboxes", $$"""{"templateID":"base","network":{{network}}}""");
        await ExpectAsync(created);
        Assert.Empty(_node.Registry.All);

        var sandbox = await _node.CreateAsync("""{"templateID":"base","allow_internet_access":true}""");
        using var replaced = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", network);
        await ExpectAsync(replaced);
        Assert.True(Policy().AllowPublic);

        async Task ExpectAsync(HttpResponseMessage response)
        {
            await SandboxEndpointsTests.ExpectErrorAsync(response, status, message);
            Assert.DoesNotContain("s3cret", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Replace_Rules_HoldAtOnceAndWhatIsLeftOutIsCleared()
    {
        var sandbox = await _node.CreateAsync(
            """{"templateID":"base","network":{"allowOut":["example.com","1.1.1.1"],"denyOut":["0.0.0.0/0"],"allowPublicTraffic":false}}""");

        using var replaced = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", """{"denyOut":["9.9.9.9"],"allow_internet_access":true}""");
        Assert.Equal(HttpStatusCode.NoContent, replaced.StatusCode);
        Assert.True(Policy().AllowPublic);
        Assert.Empty(Policy().AllowedHosts);
        Assert.Equal("9.9.9.9/32", Assert.Single(Policy().DeniedNetworks).ToString());
        var detail = await DetailAsync(sandbox);
        Assert.True(detail.GetProperty("allowInternetAccess").GetBoolean());
        var network = detail.GetProperty("network");
        Assert.False(network.TryGetProperty("allowOut", out _));
        Assert.Equal("9.9.9.9", network.GetProperty("denyOut")[0].GetString());
        Assert.False(network.GetProperty("allowPublicTraffic").GetBoolean());

        using var cleared = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", "{}");
        Assert.Equal(HttpStatusCode.NoContent, cleared.StatusCode);
        Assert.False(Policy().AllowPublic);
        Assert.Equal(["listed.org", "*.listed.org"], Policy().AllowedHosts.Select(rule => rule.Pattern.ToString()));
        Assert.False((await DetailAsync(sandbox)).TryGetProperty("allowInternetAccess", out _));
    }

    [Theory]
    [InlineData("""{"allow_internet_access":true}""", """{"allow_internet_access":true}""", "'allow_internet_access'")]
    [InlineData("""{"network":{"allowOut":["1.1.1.1"]}}""", """{"allowOut":["1.1.1.1"]}""", "'allowOut'")]
    [InlineData(
        """{"network":{"rules":{"api.example.com":[{"transform":{"headers":{"X-A":"1"}}}]}}}""",
        """{"rules":{"api.example.com":[{"transform":{"headers":{"X-A":"1"}}}]}}""", "'network.rules'")]
    public async Task Network_InATierWithoutOne_IsRefusedWhereItIsAskedFor(string create, string replace, string named)
    {
        _node.Engine.Tier = TierDescription.Of(IsolationTier.Gvisor);
        // What asks for nothing, or for what holds anyway, goes on.
        var sandbox = await _node.CreateAsync("""{"templateID":"base"}""");
        await _node.CreateAsync("""{"templateID":"base","allow_internet_access":false,"network":{"denyOut":["0.0.0.0/0"]}}""");

        using var created = await _node.SendAsync(HttpMethod.Post, "/v2/sandboxes", create.Insert(1, "\"templateID\":\"base\","));
        await SandboxEndpointsTests.ExpectErrorAsync(created, 501, named);
        using var replaced = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", replace);
        await SandboxEndpointsTests.ExpectErrorAsync(replaced, 501, "gvisor tier");
        Assert.Equal(2, _node.Engine.Sandboxes.Count);
    }

    [Fact]
    public async Task Replace_OfNobodysSandbox_Is404()
    {
        var sandbox = await _node.CreateAsync();

        using var foreign = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", "{}", E2bNode.OtherKey);
        await SandboxEndpointsTests.ExpectErrorAsync(foreign, 404, "doesn't exist");
        using var unknown = await _node.SendAsync(HttpMethod.Put, "/sandboxes/iunknown/network", "{}");
        await SandboxEndpointsTests.ExpectErrorAsync(unknown, 404, "doesn't exist");
        using var empty = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", "");
        await SandboxEndpointsTests.ExpectErrorAsync(empty, 400, "JSON body");
    }

    [Fact]
    public async Task HeaderRules_Values_AreNeverShown()
    {
        var sandbox = await _node.CreateAsync(
            """{"templateID":"base","network":{"rules":{"api.example.com":[{"transform":{"headers":{"Authorization":"SECRET"}}}]}}}"""
                .Replace("SECRET", Secret, StringComparison.Ordinal));

        Assert.True(HostName.TryParse("api.example.com", out var host));
        Assert.Equal(Secret, Policy().HeadersFor(host)["Authorization"]);
        // A rule about headers allows nothing.
        Assert.False(Policy().JudgeName(host, 443).IsAllowed);
        var detail = await DetailAsync(sandbox);
        var headers = detail.GetProperty("network").GetProperty("rules").GetProperty("api.example.com")[0].GetProperty("transform").GetProperty("headers");
        Assert.Equal("***", headers.GetProperty("Authorization").GetString());
        Assert.DoesNotContain("s3cret", detail.GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task HeaderRules_OfASandbox_MakeItTrustAnAuthorityOfItsOwn()
    {
        var sandbox = await _node.CreateAsync("""{"templateID":"base","envVars":{"CURL_CA_BUNDLE":"mine","A":"b"}}""");
        Assert.False(_node.Agent.Files.ContainsKey(SandboxTrust.CertificatePath));
        const string Rules = """{"rules":{"api.example.com":[{"transform":{"headers":{"X-A":"1"}}}]}}""";

        using var first = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", Rules);
        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        var authority = Policy().Authority!;
        Assert.Equal(authority.CertificatePem + "\n", Encoding.ASCII.GetString(_node.Agent.Files[SandboxTrust.CertificatePath]));
        Assert.Equal(SandboxTrust.BundlePath, _node.Agent.Configured!.Environment["SSL_CERT_FILE"]);
        Assert.Equal(SandboxTrust.CertificatePath, _node.Agent.Configured.Environment["NODE_EXTRA_CA_CERTS"]);
        Assert.Equal("mine", _node.Agent.Configured.Environment["CURL_CA_BUNDLE"]);
        Assert.Equal("b", _node.Agent.Configured.Environment["A"]);
        Assert.Equal(sandbox.Id, _node.Agent.Configured.Environment["E2B_SANDBOX_ID"]);

        using var second = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", Rules);
        Assert.Equal(HttpStatusCode.NoContent, second.StatusCode);
        Assert.Same(authority, Policy().Authority);
        await _node.CreateAsync("""{"templateID":"base","network":RULES}""".Replace("RULES", Rules, StringComparison.Ordinal));
        Assert.Equal(2, _node.Registry.All.Select(one => one.Engine.Spec.Egress.Authority!.CertificatePem).Distinct().Count());
    }

    [Fact]
    public async Task HeaderRules_SandboxThatDoesNotTakeTheCertificate_KeepsItsRules()
    {
        var sandbox = await _node.CreateAsync("""{"templateID":"base","allow_internet_access":true}""");
        _node.Agent.ProcessScript = static process => process.Exit(1);
        const string Rules = """{"rules":{"api.example.com":[{"transform":{"headers":{"X-A":"1"}}}]}}""";

        using var replaced = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", Rules);
        await SandboxEndpointsTests.ExpectErrorAsync(replaced, 409, "could not be put into the sandbox");
        Assert.True(Policy().AllowPublic);
        Assert.Empty(Policy().HeaderRules);
        using var created = await _node.SendAsync(HttpMethod.Post, "/v2/sandboxes", """{"templateID":"base","network":RULES}""".Replace("RULES", Rules, StringComparison.Ordinal));
        await SandboxEndpointsTests.ExpectErrorAsync(created, 503, "could not be put into the sandbox");
        Assert.Single(_node.Registry.All);

        _node.Agent.ProcessScript = static process => process.Exit(0);
        using var again = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", Rules);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
        Assert.NotNull(Policy().Authority);
    }

    [Fact]
    public async Task HeaderRules_OvertakenByALaterPolicy_DoNotReplaceIt()
    {
        var sandbox = await _node.CreateAsync();
        _node.Agent.ProcessScript = null;
        var first = _node.SendAsync(
            HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network",
            """{"allow_internet_access":true,"rules":{"api.example.com":[{"transform":{"headers":{"X-A":"1"}}}]}}""");

        // Its certificate is being put into the sandbox when a tighter policy comes.
        var placing = _node.Agent.NextProcessAsync(Cancelled);
        if (await Task.WhenAny(placing, first) == first) Assert.Fail($"The first was answered at once: {await (await first).Content.ReadAsStringAsync(Cancelled)}");
        using var second = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", """{"allow_internet_access":false}""");
        Assert.Equal(HttpStatusCode.NoContent, second.StatusCode);
        Assert.False(Policy().AllowPublic);
        (await placing).Exit(0);

        using var overtaken = await first;
        await SandboxEndpointsTests.ExpectErrorAsync(overtaken, 409, "A later request");
        Assert.True(Policy().AllowsNothing);
        Assert.False((await DetailAsync(sandbox)).GetProperty("allowInternetAccess").GetBoolean());
        using var third = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", """{"allow_internet_access":true}""");
        Assert.Equal(HttpStatusCode.NoContent, third.StatusCode);
        Assert.True(Policy().AllowPublic);
    }

    [Theory]
    [InlineData("{\"allow_internet_access\":true}", "every public address")]
    [InlineData("{\"allowOut\":[\"0.0.0.0/0\"]}", "every public address")]
    [InlineData("{\"allowOut\":[\"8.8.8.8\"]}", "8.8.8.8/32")]
    [InlineData("{\"allowOut\":[\"example.com\"],\"denyOut\":[\"0.0.0.0/0\"]}", "example.com")]
    [InlineData("{\"allowOut\":[\"listed.org:22\"],\"denyOut\":[\"0.0.0.0/0\"]}", "listed.org at port 22")]
    public async Task Replace_BeyondWhatTheOperatorPermits_IsForbidden(string network, string what)
    {
        await using var node = await StartAsync(permitPublic: false);
        var sandbox = await node.CreateAsync();

        using var refused = await node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", network);
        await SandboxEndpointsTests.ExpectErrorAsync(refused, 403, what);
        using var narrower = await node.SendAsync(
            HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", """{"allowOut":["a.listed.org","*.b.listed.org:443"],"denyOut":["0.0.0.0/0"]}""");
        Assert.Equal(HttpStatusCode.NoContent, narrower.StatusCode);
    }

    [Theory]
    [InlineData("{\"allowOut\":[\"0.0.0.0/0:25\"]}", "0.0.0.0/0")]
    [InlineData("{\"allowOut\":[\"0.0.0.0/1:25\",\"128.0.0.0/1:25\"]}", "0.0.0.0/1")]
    [InlineData("{\"allowOut\":[\"8.8.8.8:25\"]}", "8.8.8.8/32")]
    [InlineData("{\"allowOut\":[\"[2606:4700::1111]:25\"]}", "2606:4700::1111/128")]
    [InlineData("{\"allowOut\":[\"mx.example.com:25\"],\"denyOut\":[\"0.0.0.0/0\"]}", "mx.example.com")]
    [InlineData("{\"allowOut\":[\"listed.org:25\"],\"denyOut\":[\"0.0.0.0/0\"]}", "listed.org")]
    public async Task Replace_MailPortThatTheOperatorHasNotListed_IsForbidden(string network, string host)
    {
        var sandbox = await _node.CreateAsync();

        using var refused = await _node.SendAsync(HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", network);

        await SandboxEndpointsTests.ExpectErrorAsync(refused, 403, $"port 25 is open to hosts of the operator's list only, and {host} is not");
    }

    [Fact]
    public async Task Replace_MailPortThatTheOperatorHasListed_IsOpenThereOnly()
    {
        await using var node = await E2bNode.StartAsync(services => services.Configure<EgressSettings>(settings => settings.AllowedDomains = "mx.example.com:25"));
        var sandbox = await node.CreateAsync();

        using var replaced = await node.SendAsync(
            HttpMethod.Put, $"/sandboxes/{sandbox.Id}/network", """{"allowOut":["mx.example.com:25"],"denyOut":["0.0.0.0/0"]}""");

        Assert.Equal(HttpStatusCode.NoContent, replaced.StatusCode);
        var policy = Assert.Single(node.Registry.All).Engine.Spec.Egress;
        Assert.True(HostName.TryParse("mx.example.com", out var listed) && policy.JudgeName(listed, 25).IsAllowed);
        Assert.True(HostName.TryParse("a.mx.example.com", out var other) && !policy.JudgeName(other, 25).IsAllowed);
    }

    private static Task<E2bNode> StartAsync(bool permitPublic) => E2bNode.StartAsync(services => services.Configure<EgressSettings>(settings =>
    {
        settings.AllowedDomains = "listed.org, *.listed.org";
        settings.PermitPublic = permitPublic;
    }));

    private EgressPolicy Policy() => Assert.Single(_node.Registry.All).Engine.Spec.Egress;

    private async Task<JsonElement> DetailAsync(Created sandbox)
    {
        using var response = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/{sandbox.Id}");
        return await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
    }
}
