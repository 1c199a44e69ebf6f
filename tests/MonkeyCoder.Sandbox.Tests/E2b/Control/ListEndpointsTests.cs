using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace MonkeyCoder.Sandbox.Tests.E2b.Control;

public sealed class ListEndpointsTests : IAsyncLifetime
{
    private E2bNode _node = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _node = await E2bNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData("", false)]
    [InlineData("&order=asc", true)]
    public async Task List_InPages_GivesEachOnce(string order, bool ascending)
    {
        List<string> created = [];
        for (var i = 0; i < 5; i++)
        {
            created.Add((await _node.CreateAsync()).Id);
            _node.Time.Advance(TimeSpan.FromMilliseconds(1));
        }

        List<string> listed = [];
        string? token = null;
        do
        {
            using var response = await _node.SendAsync(
                HttpMethod.Get, $"/v2/sandboxes?limit=2{order}{(token is null ? "" : "&nextToken=" + token)}");
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal("5", Assert.Single(response.Headers.GetValues("X-Total-Running")));
            listed.AddRange(await IdsAsync(response));
            token = response.Headers.TryGetValues("X-Next-Token", out var tokens) ? tokens.Single() : null;
        }
        while (token is not null);

        if (!ascending) created.Reverse();
        Assert.Equal(created, listed);
    }

    [Fact]
    public async Task List_StartedAtTheSameTime_IsPagedById()
    {
        for (var i = 0; i < 4; i++) await _node.CreateAsync();

        using var first = await _node.SendAsync(HttpMethod.Get, "/v2/sandboxes?limit=3");
        using var second = await _node.SendAsync(
            HttpMethod.Get, "/v2/sandboxes?limit=3&nextToken=" + first.Headers.GetValues("X-Next-Token").Single());

        Assert.Equal(4, (await IdsAsync(first)).Concat(await IdsAsync(second)).Distinct().Count());
        Assert.False(second.Headers.Contains("X-Next-Token"));
    }

    [Fact]
    public async Task List_ByMetadata_UnderstandsTheClientsEncoding()
    {
        var wanted = await _node.CreateAsync("""{"templateID":"base","metadata":{"k 1":"v&=2","other":"x"}}""");
        await _node.CreateAsync("""{"templateID":"base","metadata":{"k 1":"v"}}""");

        // As the JavaScript package sends {"k 1":"v&=2"}.
        using var found = await _node.SendAsync(HttpMethod.Get, "/v2/sandboxes?metadata=k%2525201%3Dv%252526%25253D2");
        Assert.Equal([wanted.Id], await IdsAsync(found));
        using var none = await _node.SendAsync(HttpMethod.Get, "/v2/sandboxes?metadata=k%2525201%3Dnothing");
        Assert.Empty(await IdsAsync(none));
        using var v1 = await _node.SendAsync(HttpMethod.Get, "/sandboxes?metadata=other%3Dx");
        Assert.Equal([wanted.Id], await IdsAsync(v1));
    }

    [Fact]
    public async Task List_ByStateTemplateAndStart_Filters()
    {
        await _node.CreateAsync();
        _node.Time.Advance(TimeSpan.FromSeconds(10));
        var second = await _node.CreateAsync();
        var start = Uri.EscapeDataString(_node.Time.GetUtcNow().ToString("O"));

        Assert.Equal(2, await CountAsync("state=running,paused"));
        Assert.Equal(2, await CountAsync("state=running&state=paused"));
        Assert.Equal(0, await CountAsync("state=paused"));
        Assert.Equal(2, await CountAsync("template=code-interpreter"));
        Assert.Equal(0, await CountAsync("template=unknown"));
        using var later = await _node.SendAsync(HttpMethod.Get, $"/v2/sandboxes?startedAfter={start}");
        Assert.Equal([second.Id], await IdsAsync(later));
    }

    [Fact]
    public async Task List_OfAnotherTenant_IsEmpty()
    {
        await _node.CreateAsync();

        using var response = await _node.SendAsync(HttpMethod.Get, "/v2/sandboxes", key: E2bNode.OtherKey);
        Assert.Empty(await IdsAsync(response));
    }

    [Theory]
    [InlineData("limit=0")]
    [InlineData("limit=101")]
    [InlineData("limit=x")]
    [InlineData("state=frozen")]
    [InlineData("order=up")]
    [InlineData("startedAfter=yesterday")]
    [InlineData("template=base:v1")]
    [InlineData("metadata=novalue")]
    [InlineData("nextToken=!!")]
    [InlineData("nextToken=YWJj")]
    public async Task List_WithABadQuery_Is400(string query)
    {
        using var response = await _node.SendAsync(HttpMethod.Get, "/v2/sandboxes?" + query);

        await SandboxEndpointsTests.ExpectErrorAsync(response, 400, "");
    }

    [Fact]
    public async Task Metrics_OfOneAndMany_AreMeasuredNow()
    {
        var created = await _node.CreateAsync();
        _node.Engine.Sandboxes[0].Usage = _node.Engine.Sandboxes[0].Usage with { CpuTime = TimeSpan.FromSeconds(1), MemoryBytes = 42 };
        _node.Time.Advance(TimeSpan.FromSeconds(4));

        using var one = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/{created.Id}/metrics");
        var metric = (await one.Content.ReadFromJsonAsync<JsonElement>(Cancelled))[0];
        Assert.Equal(25, metric.GetProperty("cpuUsedPct").GetDouble());
        Assert.Equal(42, metric.GetProperty("memUsed").GetInt64());
        using var past = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/{created.Id}/metrics?start=1&end=2");
        Assert.Equal("[]", await past.Content.ReadAsStringAsync(Cancelled));
        using var many = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/metrics?sandbox_ids={created.Id},iunknown");
        var sandboxes = (await many.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("sandboxes");
        Assert.Equal(created.Id, Assert.Single(sandboxes.EnumerateObject()).Name);
    }

    [Fact]
    public async Task Logs_TellTheLifeOfTheSandbox()
    {
        var created = await _node.CreateAsync();
        using var timeout = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/timeout", """{"timeout":60}""");

        using var v1 = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/{created.Id}/logs");
        var logs = (await v1.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("logs");
        Assert.Equal("Sandbox created from template base", logs[0].GetProperty("line").GetString());
        using var v2 = await _node.SendAsync(HttpMethod.Get, $"/v2/sandboxes/{created.Id}/logs?limit=1");
        var newest = (await v2.Content.ReadFromJsonAsync<JsonElement>(Cancelled)).GetProperty("logs")[0];
        Assert.Equal("Timeout set to 60 s", newest.GetProperty("message").GetString());
    }

    [Theory]
    [InlineData("base", 200)]
    [InlineData("Code-Interpreter", 200)]
    [InlineData("base%3Adefault", 200)]
    [InlineData("base%3Av2", 404)]
    [InlineData("team%2Fbase", 404)]
    [InlineData("nothing", 404)]
    public async Task TemplateAlias_SaysWhetherItExists(string alias, int status)
    {
        using var response = await _node.SendAsync(HttpMethod.Get, $"/templates/aliases/{alias}");

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Templates_HaveTheirNames()
    {
        using var response = await _node.SendAsync(HttpMethod.Get, "/templates");

        var template = (await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled))[0];
        Assert.Equal("base", template.GetProperty("templateID").GetString());
        Assert.Equal("ready", template.GetProperty("buildStatus").GetString());
    }

    private async Task<int> CountAsync(string query)
    {
        using var response = await _node.SendAsync(HttpMethod.Get, "/v2/sandboxes?" + query);
        return (await IdsAsync(response)).Count;
    }

    private static async Task<IReadOnlyList<string>> IdsAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        return [.. body.EnumerateArray().Select(item => item.GetProperty("sandboxID").GetString()!)];
    }
}
