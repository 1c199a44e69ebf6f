using System.Net;
using System.Text.Json;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Tests.Hosting;

namespace MonkeyCoder.Sandbox.Tests.Security;

public sealed class AccessTests
{
    private const string Body = """{"code":"1"}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Execute_TokensThatDoNotHold_AllLookTheSame()
    {
        await using var node = await NodeFixture.StartAsync();
        var good = NodeFixture.Token();
        string[] tokens =
        [
            "",
            "x",
            good + "x",
            good[..^3] + "AAA",
            SandboxTokens.Generate("e1", TimeSpan.FromHours(1), new string('0', 20) + "another secret"),
            SandboxTokens.Generate("e1", TimeSpan.FromHours(1), NodeFixture.Secret, "default", ["execute"], new Yesterday()),
            SandboxTokens.Generate("e1", TimeSpan.FromDays(30), NodeFixture.Secret),
            "eyJhbGciOiJub25lIn0." + good.Split('.')[1] + ".",
            "e2b_0123456789abcdef0123456789abcdef01234567",
        ];

        foreach (var token in tokens)
        {
            var response = await node.PostAsync("/sandbox/execute", Body, token);
            var problem = await NodeFixture.AssertProblemAsync(response, 401, "unauthenticated");
            Assert.Equal(
                "Send 'Authorization: Bearer' with a token from 'monkey token EXECUTION_ID', or an API key in 'X-API-KEY'.", problem.Detail);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
        }

        Assert.Empty(node.Engine.Sandboxes);
        var events = node.Log.Lines.Where(line => line.Category == "MonkeyCoder.Security").ToArray();
        Assert.Equal(tokens.Length, events.Length);
        Assert.DoesNotContain(events, line => line.Text.Contains(good, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Execute_NoCredentialOrTwo_IsRefused()
    {
        await using var node = await NodeFixture.StartAsync();
        var key = await node.Keys.CreateAsync("k", "default", Token);
        using var none = new HttpRequestMessage(HttpMethod.Post, "/sandbox/execute");
        using var two = new HttpRequestMessage(HttpMethod.Post, "/sandbox/execute");
        two.Headers.Add("Authorization", "Bearer " + NodeFixture.Token());
        two.Headers.Add("X-API-KEY", key.Key);

        await NodeFixture.AssertProblemAsync(await node.Http.SendAsync(none, Token), 401, "unauthenticated");
        await NodeFixture.AssertProblemAsync(await node.Http.SendAsync(two, Token), 401, "unauthenticated");
    }

    [Fact]
    public async Task Execute_ApiKey_HoldsUntilItIsRevoked()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();
        var key = await node.Keys.CreateAsync("k", "t7", Token);

        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/sandbox/execute", Body, key.Key)).StatusCode);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/sandbox/metrics");
        request.Headers.Add("X-API-KEY", key.Key);
        Assert.Equal(HttpStatusCode.OK, (await node.Http.SendAsync(request, Token)).StatusCode);

        await node.Keys.RevokeAsync("k", Token);
        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/execute", Body, key.Key), 401, "unauthenticated");
    }

    [Fact]
    public async Task Execute_KeyFileDamaged_ClosesForKeys()
    {
        await using var node = await NodeFixture.StartAsync();
        var key = await node.Keys.CreateAsync("k", "default", Token);
        await File.WriteAllTextAsync(node.Keys.FilePath, "{", Token);

        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/execute", Body, key.Key), 401, "unauthenticated");
    }

    [Theory]
    [InlineData("POST", "/sandbox/execute", "metrics")]
    [InlineData("POST", "/sandbox/cleanup", "execute")]
    [InlineData("GET", "/sandbox/metrics", "execute")]
    public async Task Request_WithoutTheScope_IsRefused(string method, string path, string scope)
    {
        await using var node = await NodeFixture.StartAsync();
        var token = NodeFixture.Token("e1", "default", scope);

        var response = method == "GET" ? await node.GetAsync(path, token) : await node.PostAsync(path, Body, token);

        await NodeFixture.AssertProblemAsync(response, 403, "insufficient_scope");
    }

    [Fact]
    public async Task Execute_KeyWithoutExecutionId_GetsANewOne()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();
        var key = await node.Keys.CreateAsync("k", "default", Token);

        var response = await node.PostAsync("/sandbox/execute", Body, key.Key);

        var answer = JsonSerializer.Deserialize(await response.Content.ReadAsStringAsync(Token), ExecutionJson.Default.ExecuteResponse)!;
        Assert.Matches("^[0-9a-f]{32}$", answer.ExecutionId);
    }

    [Fact]
    public async Task Execute_PreviousSecret_StillHolds()
    {
        const string previous = "fedcba9876543210fedcba9876543210";
        await using var node = await NodeFixture.StartAsync("--Security:PreviousTokenSecret=" + previous);
        node.Agent.Script = cell => cell.Count(1).Idle();
        var token = SandboxTokens.Generate("e1", TimeSpan.FromHours(1), previous);

        Assert.Equal(HttpStatusCode.OK, (await node.PostAsync("/sandbox/execute", Body, token)).StatusCode);
    }

    private sealed class Yesterday : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - TimeSpan.FromDays(1);
    }
}
