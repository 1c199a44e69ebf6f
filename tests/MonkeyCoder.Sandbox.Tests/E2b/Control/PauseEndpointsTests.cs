using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.E2b.Control;

public sealed class PauseEndpointsTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private E2bNode _node = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _node = await E2bNode.StartAsync();

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"memory":true}""")]
    public async Task Pause_Running_StopsItAndShowsIt(string? body)
    {
        var created = await _node.CreateAsync("""{"templateID":"base","metadata":{"a":"b"}}""");
        _node.Time.Advance(TimeSpan.FromSeconds(7));

        Assert.Equal(204, await PauseAsync(created, body));

        Assert.True(_node.Engine.Sandboxes[0].IsFrozen);
        var detail = await GetAsync(created);
        Assert.Equal("paused", detail.GetProperty("state").GetString());
        Assert.Equal(_node.Time.GetUtcNow(), detail.GetProperty("endAt").GetDateTimeOffset());
        Assert.Equal(created.Token, detail.GetProperty("envdAccessToken").GetString());
        Assert.Equal("b", detail.GetProperty("metadata").GetProperty("a").GetString());
        using var again = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/pause", body);
        await SandboxEndpointsTests.ExpectErrorAsync(again, 409, "already paused");
    }

    [Theory]
    [InlineData("pause")]
    [InlineData("resume")]
    [InlineData("connect")]
    public async Task AnyOfThem_OfAnotherTenantOrUnknown_Is404(string route)
    {
        var created = await _node.CreateAsync();
        await PauseAsync(created);

        using var other = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/{route}", """{"timeout":5}""", E2bNode.OtherKey);
        await SandboxEndpointsTests.ExpectErrorAsync(other, 404, "doesn't exist");
        using var unknown = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/iunknown/{route}", """{"timeout":5}""");
        await SandboxEndpointsTests.ExpectErrorAsync(unknown, 404, "doesn't exist");
        Assert.True(Assert.Single(_node.Registry.All).IsPaused);
    }

    [Theory]
    [InlineData("pause", """{"memory":false}""", 501, "without its memory")]
    [InlineData("pause", """{"memory":1}""", 400, "memory")]
    [InlineData("pause", "nonsense", 400, "")]
    [InlineData("connect", "{}", 400, "timeout")]
    [InlineData("connect", """{"timeout":0}""", 400, "greater than 0")]
    [InlineData("resume", """{"timeout":-1}""", 400, "greater than 0")]
    [InlineData("resume", "{}", 409, "already running")]
    public async Task AnyOfThem_WithABadBody_ChangesNothing(string route, string body, int status, string message)
    {
        var created = await _node.CreateAsync();

        using var response = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/{route}", body);

        await SandboxEndpointsTests.ExpectErrorAsync(response, status, message);
        Assert.False(Assert.Single(_node.Registry.All).IsPaused);
    }

    [Theory]
    [InlineData("/v2/sandboxes/{0}/connect", "{}", 300)]
    [InlineData("/v2/sandboxes/{0}/connect", null, 300)]
    [InlineData("/v2/sandboxes/{0}/connect", """{"timeout":40}""", 40)]
    [InlineData("/sandboxes/{0}/connect", """{"timeout":40}""", 40)]
    [InlineData("/sandboxes/{0}/resume", """{"timeout":40}""", 40)]
    [InlineData("/sandboxes/{0}/resume", "{}", 15)]
    public async Task Connect_Paused_Is201WithTheSameTokenAndANewLife(string path, string? body, int life)
    {
        var created = await _node.CreateAsync();
        await PauseAsync(created);
        _node.Time.Advance(TimeSpan.FromHours(2));

        using var response = await _node.SendAsync(HttpMethod.Post, string.Format(null, path, created.Id), body);

        Assert.Equal(201, (int)response.StatusCode);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        Assert.Equal(created.Token, answer.GetProperty("envdAccessToken").GetString());
        var detail = await GetAsync(created);
        Assert.Equal("running", detail.GetProperty("state").GetString());
        Assert.Equal(_node.Time.GetUtcNow(), detail.GetProperty("startedAt").GetDateTimeOffset());
        Assert.Equal(_node.Time.GetUtcNow() + TimeSpan.FromSeconds(life), detail.GetProperty("endAt").GetDateTimeOffset());
    }

    [Fact]
    public async Task Connect_PausedWithoutMemory_Is501AndStaysPaused()
    {
        var created = await _node.CreateAsync();
        await PauseAsync(created);

        using var response = await _node.SendAsync(HttpMethod.Post, $"/v2/sandboxes/{created.Id}/connect", """{"memory":false}""");

        await SandboxEndpointsTests.ExpectErrorAsync(response, 501, "without its memory");
        Assert.True(Assert.Single(_node.Registry.All).IsPaused);
    }

    [Theory]
    [InlineData("POST", "timeout", """{"timeout":60}""", 404)]
    [InlineData("POST", "refreshes", "{}", 404)]
    [InlineData("PUT", "network", "{}", 409)]
    [InlineData("GET", "metrics", null, 200)]
    [InlineData("GET", "logs", null, 200)]
    public async Task OtherRoutes_OfAPausedSandbox_AnswerAsTheContractSays(string method, string route, string? body, int status)
    {
        var created = await _node.CreateAsync();
        await PauseAsync(created);

        using var response = await _node.SendAsync(new HttpMethod(method), $"/sandboxes/{created.Id}/{route}", body);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Delete_Paused_EndsIt()
    {
        var created = await _node.CreateAsync();
        await PauseAsync(created);

        using var response = await _node.SendAsync(HttpMethod.Delete, $"/sandboxes/{created.Id}");

        Assert.Equal(204, (int)response.StatusCode);
        Assert.True(_node.Engine.Sandboxes[0].IsDisposed);
    }

    [Fact]
    public async Task List_ByState_TellsThemApart()
    {
        var paused = await _node.CreateAsync();
        var running = await _node.CreateAsync();
        await PauseAsync(paused);

        Assert.Equal(new HashSet<string> { running.Id, paused.Id }, new HashSet<string>(await ListAsync("/v2/sandboxes")));
        Assert.Equal([paused.Id], await ListAsync("/v2/sandboxes?state=paused"));
        Assert.Equal([running.Id], await ListAsync("/v2/sandboxes?state=running"));
        Assert.Equal([running.Id], await ListAsync("/sandboxes"));
        using var response = await _node.SendAsync(HttpMethod.Get, "/v2/sandboxes");
        Assert.Equal("1", response.Headers.GetValues("X-Total-Running").Single());
    }

    [Fact]
    public async Task Pause_AboveTheTenantsLimit_Is429()
    {
        await using var node = await E2bNode.StartAsync(services =>
            services.Configure<SandboxesOptions>(options => options.MaxPausedPerTenant = 0));
        var created = await node.CreateAsync();

        using var response = await node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/pause");

        await SandboxEndpointsTests.ExpectErrorAsync(response, 429, "paused sandboxes");
    }

    [Fact]
    public async Task Pause_OnATierThatCannot_Is501AndSoIsAutoPause()
    {
        _node.Engine.Tier = TierDescription.Of(IsolationTier.Unprivileged);
        var created = await _node.CreateAsync();

        using var pause = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/pause");
        await SandboxEndpointsTests.ExpectErrorAsync(pause, 501, "its tier");
        using var create = await _node.SendAsync(HttpMethod.Post, "/v2/sandboxes", """{"templateID":"base","autoPause":true}""");
        await SandboxEndpointsTests.ExpectErrorAsync(create, 501, "its tier");
    }

    [Fact]
    public async Task AutoPause_AtTheEnd_PausesAndIsShown()
    {
        var created = await _node.CreateAsync("""{"templateID":"base","timeout":10,"autoPause":true}""");
        var run = _node.Registry.Find(created.Id)!.Runs.Current!;
        var ended = new TaskCompletionSource();
        await using var registration = run.Ended.Register(ended.SetResult);

        _node.Time.Advance(TimeSpan.FromSeconds(10));

        await ended.Task.WaitAsync(Deadline, Cancelled);
        var detail = await GetAsync(created);
        Assert.Equal("paused", detail.GetProperty("state").GetString());
        Assert.Equal("pause", detail.GetProperty("lifecycle").GetProperty("onTimeout").GetString());
    }

    [Theory]
    [InlineData(49983, "/health")]
    [InlineData(49983, "/files?path=x")]
    [InlineData(49999, "/health")]
    [InlineData(8080, "/")]
    public async Task Traffic_ToAPausedSandbox_Is502(int port, string path)
    {
        var created = await _node.CreateAsync();
        await PauseAsync(created);

        using var response = await SendAsync(created, port, path, token: true);

        Assert.Equal(502, (int)response.StatusCode);
        Assert.Equal(
            $$"""{"sandboxId":"{{created.Id}}","message":"The sandbox is paused","code":502}""",
            await response.Content.ReadAsStringAsync(Cancelled));
        Assert.True(_node.Engine.Sandboxes[0].IsFrozen);
    }

    [Theory]
    [InlineData(49983, true, true)]
    [InlineData(49983, false, false)]
    [InlineData(49999, false, true)]
    public async Task Traffic_WithAutoResume_ResumesForThoseWhoMay(int port, bool token, bool resumes)
    {
        var created = await _node.CreateAsync("""{"templateID":"base","timeout":20,"autoResume":{"enabled":true}}""");
        Assert.True((await GetAsync(created)).GetProperty("lifecycle").GetProperty("autoResume").GetBoolean());
        await PauseAsync(created);

        using var response = await SendAsync(created, port, "/health", token);

        Assert.Equal(resumes, response.IsSuccessStatusCode);
        var sandbox = Assert.Single(_node.Registry.All);
        Assert.Equal(!resumes, sandbox.IsPaused);
        if (resumes) Assert.Equal(_node.Time.GetUtcNow() + TimeSpan.FromMinutes(5), sandbox.EndAt);
    }

    [Fact]
    public async Task Traffic_ToAClosedPortWithAutoResume_NeedsItsTokenFirst()
    {
        var created = await _node.CreateAsync(
            """{"templateID":"base","autoResume":{"enabled":true},"network":{"allowPublicTraffic":false}}""");
        await PauseAsync(created);

        using var stranger = await SendAsync(created, 49999, "/health", token: false);
        Assert.Equal(403, (int)stranger.StatusCode);
        Assert.True(Assert.Single(_node.Registry.All).IsPaused);
    }

    [Fact]
    public async Task OpenStream_WhenItsSandboxIsPaused_BreaksOff()
    {
        var created = await _node.CreateAsync();
        using var frames = await _node.StreamAsync(created, "process.Process/Start", """{"process":{"cmd":"/bin/true"},"stdin":false}""");
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        await frames.NextAsync();

        await PauseAsync(created);

        await Assert.ThrowsAnyAsync<IOException>(frames.NextAsync);
        await process.Disposed.Task.WaitAsync(Deadline, Cancelled);
        using var connect = await _node.SendAsync(HttpMethod.Post, $"/v2/sandboxes/{created.Id}/connect");
        using var again = await _node.StreamAsync(created, "process.Process/Connect", $$$"""{"process":{"pid":{{{process.Pid}}} }}""");
        Assert.Contains("start", (await again.NextAsync()).Json, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ProcessDeadline_WhilePaused_StandsStill()
    {
        var created = await _node.CreateAsync("""{"templateID":"base","timeout":3600}""");
        using var frames = await _node.StreamAsync(
            created, "process.Process/Start", """{"process":{"cmd":"/bin/true"},"stdin":false}""",
            request => request.Headers.Add("Connect-Timeout-Ms", "60000"));
        var process = await _node.Agent.NextProcessAsync(Cancelled);
        await frames.NextAsync();
        _node.Time.Advance(TimeSpan.FromSeconds(10));
        await PauseAsync(created);
        await process.Disposed.Task.WaitAsync(Deadline, Cancelled);
        _node.Time.Advance(TimeSpan.FromMinutes(30));
        Assert.False(process.Signals.Reader.TryRead(out _));

        using var connect = await _node.SendAsync(HttpMethod.Post, $"/v2/sandboxes/{created.Id}/connect", """{"timeout":3600}""");
        await _node.Time.ArmedAsync(TimeSpan.FromSeconds(50), Cancelled);
        Assert.False(process.Signals.Reader.TryRead(out _));
        _node.Time.Advance(TimeSpan.FromSeconds(50));

        Assert.Equal(9, await process.Signals.Reader.ReadAsync(Cancelled).AsTask().WaitAsync(Deadline, Cancelled));
    }

    [Fact]
    public async Task RunningCell_WhenItsSandboxIsPaused_GoesOnUnheard()
    {
        var created = await _node.CreateAsync();
        using var response = await ExecuteAsync(created);
        var cell = await _node.Cells.NextAsync(Cancelled);
        cell.Play(new CellStarted(1), new CellText(OutputChannel.Stdout, "a", _node.Time.GetUtcNow()));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        while (!(await reader.ReadLineAsync(Cancelled))!.Contains("\"a\"", StringComparison.Ordinal))
        {
        }

        await PauseAsync(created);
        await Assert.ThrowsAnyAsync<IOException>(() => reader.ReadToEndAsync(Cancelled));

        Assert.False(cell.Left.Task.IsCompleted);
        using var connect = await _node.SendAsync(HttpMethod.Post, $"/v2/sandboxes/{created.Id}/connect");
        cell.Play(new CellText(OutputChannel.Stdout, "b", _node.Time.GetUtcNow()));
        Assert.False(cell.Left.Task.IsCompleted);
        cell.Play(new CellEnded(CellStatus.Completed, null));
        await cell.Left.Task.WaitAsync(Deadline, Cancelled);
    }

    [Fact]
    public async Task WaitingCell_WhenItsSandboxIsPaused_IsGivenUp()
    {
        var created = await _node.CreateAsync();
        using var response = await ExecuteAsync(created);
        var cell = await _node.Cells.NextAsync(Cancelled);

        await PauseAsync(created);

        await cell.Left.Task.WaitAsync(Deadline, Cancelled);
    }

    [Fact]
    public async Task UnheardCell_WhenItsSandboxIsKilled_Ends()
    {
        var created = await _node.CreateAsync();
        using var response = await ExecuteAsync(created);
        var cell = await _node.Cells.NextAsync(Cancelled);
        cell.Play(new CellStarted(1));
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Cancelled));
        await reader.ReadLineAsync(Cancelled);
        await PauseAsync(created);

        using var killed = await _node.SendAsync(HttpMethod.Delete, $"/sandboxes/{created.Id}");

        // The runner of a killed sandbox ends the cell by itself.
        cell.Play(new CellEnded(CellStatus.Cancelled, "sandbox_killed"));
        await cell.Left.Task.WaitAsync(Deadline, Cancelled);
    }

    private async Task<HttpResponseMessage> ExecuteAsync(Created created)
    {
        using var request = E2bNode.Code(created, HttpMethod.Post, "/execute", """{"code":"1"}""");
        return await _node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
    }

    private async Task<int> PauseAsync(Created created, string? body = null)
    {
        using var response = await _node.SendAsync(HttpMethod.Post, $"/sandboxes/{created.Id}/pause", body);
        return (int)response.StatusCode;
    }

    private async Task<JsonElement> GetAsync(Created created)
    {
        using var response = await _node.SendAsync(HttpMethod.Get, $"/sandboxes/{created.Id}");
        return await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
    }

    private async Task<string[]> ListAsync(string path)
    {
        using var response = await _node.SendAsync(HttpMethod.Get, path);
        var list = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        return [.. list.EnumerateArray().Select(static item => item.GetProperty("sandboxID").GetString()!)];
    }

    private async Task<HttpResponseMessage> SendAsync(Created created, int port, string path, bool token)
    {
        using var request = E2bNode.To(created, port, HttpMethod.Get, path);
        if (token) request.Headers.Add("X-Access-Token", created.Token);
        return await _node.Client.SendAsync(request, Cancelled);
    }
}
