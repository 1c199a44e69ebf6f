using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.E2b.Control;

public sealed class SandboxEndpointsTests : IAsyncLifetime
{
    private E2bNode _node = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _node = await E2bNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Fact]
    public async Task Create_V2_AnswersWhatClientsNeed()
    {
        using var response = await _node.SendAsync(
            HttpMethod.Post, "/v2/sandboxes", """{"templateID":"code-interpreter-v1","unknown":{"x":[1]},"metadata":{"a":"b"}}""");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.NotNull(response.Content.Headers.ContentLength);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Matches("^i[a-z0-9]{20}$", body.GetProperty("sandboxID").GetString());
        Assert.Equal("base", body.GetProperty("templateID").GetString());
        Assert.Equal("0.6.13", body.GetProperty("envdVersion").GetString());
        Assert.Matches("^[0-9a-f]{64}$", body.GetProperty("envdAccessToken").GetString());
        Assert.False(string.IsNullOrEmpty(body.GetProperty("clientID").GetString()));
        var sandbox = Assert.Single(_node.Registry.All);
        Assert.Equal(SandboxProfile.Workspace, sandbox.Engine.Spec.Profile);
        Assert.Equal(_node.Time.GetUtcNow() + TimeSpan.FromSeconds(300), sandbox.EndAt);
    }

    [Theory]
    [InlineData("{\"templateID\":\"base\"}", false)]
    [InlineData("{\"templateID\":\"base\",\"secure\":true}", true)]
    public async Task Create_V1_IsSecuredOnRequestAndShort(string json, bool secured)
    {
        using var response = await _node.SendAsync(HttpMethod.Post, "/sandboxes", json);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(secured, body.TryGetProperty("envdAccessToken", out _));
        Assert.Equal(_node.Time.GetUtcNow() + TimeSpan.FromSeconds(15), Assert.Single(_node.Registry.All).EndAt);
    }

    [Fact]
    public async Task Create_Chunked_IsRead()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/sandboxes");
        request.Headers.Add("X-API-KEY", E2bNode.Key);
        request.Headers.TransferEncodingChunked = true;
        request.Content = new StringContent("""{"templateID":"base"}""", Encoding.UTF8, "application/json");
        using var response = await _node.Client.SendAsync(request, Cancelled);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
    }

    [Fact]
    public async Task Create_WithoutPublicTraffic_HasATrafficToken()
    {
        var created = await _node.CreateAsync("""{"templateID":"base","network":{"allowPublicTraffic":false}}""");

        Assert.Matches("^[0-9a-f]{64}$", created.TrafficToken);
        Assert.NotEqual(created.Token, created.TrafficToken);
    }

    [Theory]
    [InlineData("", 400, "JSON body")]
    [InlineData("null", 400, "JSON object")]
    [InlineData("[]", 400, "not valid JSON")]
    [InlineData("{", 400, "not valid JSON")]
    [InlineData("{}", 400, "lacks 'templateID'")]
    [InlineData("{\"templateID\":null}", 400, "")]
    [InlineData("{\"templateID\":1}", 400, "templateID")]
    [InlineData("{\"templateID\":\"base\"}x", 400, "")]
    [InlineData("{\"templateID\":\"base\",\"timeout\":0}", 400, "Timeout must be greater than 0")]
    [InlineData("{\"templateID\":\"base\",\"timeout\":-5}", 400, "Timeout must be greater than 0")]
    [InlineData("{\"templateID\":\"base\",\"timeout\":1.5}", 400, "timeout")]
    [InlineData("{\"templateID\":\"base\",\"timeout\":\"30\"}", 400, "timeout")]
    [InlineData("{\"templateID\":\"base\",\"timeout\":99999999999}", 400, "timeout")]
    [InlineData("{\"templateID\":\"base\",\"timeout\":2147483647}", 400, "Timeout cannot be greater than 24 hours")]
    [InlineData("{\"templateID\":\"base\",\"metadata\":{\"a\":null}}", 400, "metadata")]
    [InlineData("{\"templateID\":\"base\",\"metadata\":{\"a\":1}}", 400, "metadata")]
    [InlineData("{\"templateID\":\"base\",\"envVars\":{\"a=b\":\"1\"}}", 400, "envVars")]
    [InlineData("{\"templateID\":\"base\",\"envVars\":{\"a\":\"\\u0000\"}}", 400, "NUL")]
    [InlineData("{\"templateID\":\"nothing\"}", 404, "template 'nothing' not found")]
    [InlineData("{\"templateID\":\"base:v2\"}", 404, "tag 'v2' does not exist for template 'base'")]
    [InlineData("{\"templateID\":\"../../etc\"}", 404, "template names")]
    [InlineData("{\"templateID\":\"base\",\"autoPauseMemory\":false}", 400, "needs 'autoPause'")]
    [InlineData("{\"templateID\":\"base\",\"autoPause\":true,\"autoPauseMemory\":false}", 501, "without its memory")]
    [InlineData("{\"templateID\":\"base\",\"volumeMounts\":[{\"name\":\"v\",\"path\":\"/v\"}]}", 501, "volumes")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"denyOut\":[\"example.com\"]}}", 400, "invalid denied CIDR example.com")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[\"example.com\"]}}", 400, "ALL_TRAFFIC")]
    [InlineData("{\"templateID\":\"base\",\"network\":{\"allowOut\":[null]}}", 400, "")]
    public async Task Create_WithABadBody_SaysWhatIsWrong(string json, int status, string message)
    {
        using var response = await _node.SendAsync(HttpMethod.Post, "/v2/sandboxes", json);

        await ExpectErrorAsync(response, status, message);
        Assert.Empty(_node.Registry.All);
    }

    [Fact]
    public async Task Create_WithAHugeBody_IsRefused()
    {
        using var response = await _node.SendAsync(HttpMethod.Post, "/v2/sandboxes", $$"""{"templateID":"{{new string('x', 1_000_000)}}"}""");

        await ExpectErrorAsync(response, 413, "larger");
    }

    [Fact]
    public async Task Create_AboveTheTenantsLimit_Is429()
    {
        await using var node = await E2bNode.StartAsync(services =>
            services.Configure<SandboxesOptions>(options => options.MaxSandboxesPerTenant = 1));
        await node.CreateAsync();
        using var response = await node.SendAsync(HttpMethod.Post, "/v2/sandboxes", """{"templateID":"base"}""");
        using var other = await node.SendAsync(HttpMethod.Post, "/v2/sandboxes", """{"templateID":"base"}""", E2bNode.OtherKey);

        await ExpectErrorAsync(response, 429, "limit");
        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        Assert.Equal(201, (int)other.StatusCode);
    }

    [Fact]
    public async Task Create_OnAFullNode_Is503WithTheNameOfTheError()
    {
        await using var node = await E2bNode.StartAsync(services => services.Configure<SandboxesOptions>(options => options.MaxSandboxes = 1));
        await node.CreateAsync();
        using var response = await node.SendAsync(HttpMethod.Post, "/v2/sandboxes", """{"templateID":"base"}""", E2bNode.OtherKey);

        Assert.Equal("5", response.Headers.GetValues("Retry-After").Single());
        Assert.Contains("\"error_code\":\"sandbox_capacity_unavailable\"", await response.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        await ExpectErrorAsync(response, 503, "node");
        Assert.Single(node.Engine.Sandboxes);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("e2b_0000000000000000000000000000000000000000")]
    public async Task AnyRoute_WithoutAKey_Is401(string? key)
    {
        using var response = await _node.SendAsync(HttpMethod.Get, "/v2/sandboxes", key: key);

        await ExpectErrorAsync(response, 401, "API key");
    }

    [Fact]
    public async Task Get_LegacyIdAndUnknownOnes_AreToldApart()
    {
        var created = await _node.CreateAsync("""{"templateID":"base","metadata":{"a":"b"}}""");

        using var found = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/{created.Id}-6532622b");
        var detail = await found.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal("running", detail.GetProperty("state").GetString());
        Assert.Equal("b", detail.GetProperty("metadata").GetProperty("a").GetString());
        Assert.Equal("kill", detail.GetProperty("lifecycle").GetProperty("onTimeout").GetString());
        Assert.Equal(512, detail.GetProperty("memoryMB").GetInt32());
        using var invalid = await _node.SendAsync(HttpMethod.Get, "/sandboxes/No_Id");
        await ExpectErrorAsync(invalid, 400, "Invalid sandbox ID");
        using var unknown = await _node.SendAsync(HttpMethod.Get, "/sandboxes/iunknown");
        await ExpectErrorAsync(unknown, 404, "Sandbox \"iunknown\" doesn't exist");
        using var other = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/{created.Id}", key: E2bNode.OtherKey);
        await ExpectErrorAsync(other, 404, "doesn't exist");
    }

    [Fact]
    public async Task Kill_Twice_Is204Then404()
    {
        var created = await _node.CreateAsync();

        using var first = await _node.SendAsync(HttpMethod.Delete, $"/sandboxes/{created.Id}");
        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        using var second = await _node.SendAsync(HttpMethod.Delete, $"/sandboxes/{created.Id}");
        await ExpectErrorAsync(second, 404, "doesn't exist");
    }

    [Theory]
    [InlineData("/v2", "", 300)]
    [InlineData("/v2", "{}", 300)]
    [InlineData("/v2", "{\"timeout\":1000}", 1000)]
    [InlineData("", "{\"timeout\":10}", 30)]
    public async Task Connect_Running_NeverShortens(string version, string json, int seconds)
    {
        var created = await _node.CreateAsync("""{"templateID":"base","timeout":30}""");

        using var response = await _node.SendAsync(HttpMethod.Post, $"{version}/sandboxes/{created.Id}/connect", json);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(created.Token, body.GetProperty("envdAccessToken").GetString());
        Assert.Equal(_node.Time.GetUtcNow() + TimeSpan.FromSeconds(seconds), Assert.Single(_node.Registry.All).EndAt);
    }

    [Fact]
    public async Task Connect_V1WithoutTimeoutOrUnknown_IsRefused()
    {
        var created = await _node.CreateAsync();

        using var lacking = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/connect", "{}");
        await ExpectErrorAsync(lacking, 400, "timeout");
        using var unknown = await _node.SendAsync(HttpMethod.Post, "/v2/sandboxes/iunknown/connect", "{}");
        await ExpectErrorAsync(unknown, 404, "doesn't exist");
    }

    [Theory]
    [InlineData("{\"timeout\":10}", 204)]
    [InlineData("{\"timeout\":-1}", 204)]
    [InlineData("{}", 400)]
    [InlineData("", 400)]
    [InlineData("{\"timeout\":\"x\"}", 400)]
    public async Task SetTimeout_MayShorten(string json, int status)
    {
        var created = await _node.CreateAsync();

        using var response = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/timeout", json);
        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Refresh_OnlyExtends()
    {
        var created = await _node.CreateAsync();
        var end = Assert.Single(_node.Registry.All).EndAt;

        using var shorter = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/refreshes", """{"duration":20}""");
        Assert.Equal(HttpStatusCode.NoContent, shorter.StatusCode);
        Assert.Equal(end, Assert.Single(_node.Registry.All).EndAt);
        using var longer = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/refreshes", """{"duration":600}""");
        Assert.Equal(_node.Time.GetUtcNow() + TimeSpan.FromSeconds(600), Assert.Single(_node.Registry.All).EndAt);
    }

    [Theory]
    [InlineData("POST", "snapshots", 501)]
    [InlineData("POST", "fork", 501)]
    public async Task MissingParts_SayThatTheyAreMissing(string method, string route, int status)
    {
        var created = await _node.CreateAsync();

        using var response = await _node.SendAsync(new HttpMethod(method), $"/sandboxes/{created.Id}/{route}", "{}");
        await ExpectErrorAsync(response, status, "");
        using var unknown = await _node.SendAsync(new HttpMethod(method), $"/sandboxes/iunknown/{route}", "{}");
        await ExpectErrorAsync(unknown, 404, "");
    }

    internal static async Task ExpectErrorAsync(HttpResponseMessage response, int status, string message)
    {
        Assert.Equal(status, (int)response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(status, body.GetProperty("code").GetInt32());
        Assert.Contains(message, body.GetProperty("message").GetString(), StringComparison.Ordinal);
    }
}
