using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>Bad input to the running service: a 4xx with a listed code, never a 500, and the service lives on.</summary>
[Collection(NodeCollection.Name)]
public sealed class BadInputTests(NodeUnderTest node)
{
    public static TheoryData<string, HttpStatusCode, string> Bodies => new()
    {
        { "{\"sandbox_type\":", HttpStatusCode.BadRequest, "invalid_json" },
        { "[]", HttpStatusCode.BadRequest, "" },
        { """{"sandbox_type":"code","action":"execute","code":7}""", HttpStatusCode.BadRequest, "" },
        { """{"sandbox_type":"code","action":"execute","code":"1","timeout":0}""", HttpStatusCode.BadRequest, "timeout_out_of_range" },
        { """{"sandbox_type":"code","action":"execute","code":"1","timeout":-1}""", HttpStatusCode.BadRequest, "timeout_out_of_range" },
        { """{"sandbox_type":"code","action":"execute","code":"1","timeout":1e300}""", HttpStatusCode.BadRequest, "" },
        { """{"sandbox_type":"code","action":"execute","code":"1","sandbox_id":"iaaaaaaaaaaaaaaaaaaaa"}""", HttpStatusCode.NotFound, "sandbox_not_found" },
        { """{"sandbox_type":"code","action":"execute","code":"1","language":"cobol"}""", HttpStatusCode.BadRequest, "unsupported_language" },
    };

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task Execute_BadBody_IsRefusedWithAListedCode(string body, HttpStatusCode status, string code)
    {
        var (answered, answer) = await PostAsync(new StringContent(body, Encoding.UTF8, "application/json"), node.ApiKey);
        Assert.Equal(status, answered);
        if (code.Length > 0) Assert.Equal(code, answer);
        await IsListedAsync(answer);
    }

    [Fact]
    public async Task Execute_TenMegabytesOfCode_IsRefused()
    {
        var body = JsonSerializer.Serialize(new { sandbox_type = "code", action = "execute", code = new string('#', 10_000_000) });
        var (status, code) = await PostAsync(new StringContent(body, Encoding.UTF8, "application/json"), node.ApiKey);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        await IsListedAsync(code);
    }

    [Theory]
    [InlineData("expired")]
    [InlineData("forged")]
    [InlineData("none")]
    [InlineData("garbage")]
    public async Task Execute_BadToken_IsUnauthorized(string kind)
    {
        var token = kind switch
        {
            "expired" => SandboxTokens.Generate("e1", TimeSpan.FromHours(1), node.Secret, "default", SandboxTokens.AllScopes, new PastTime()),
            "forged" => SandboxTokens.Generate("e1", TimeSpan.FromHours(1), new string('f', 64)),
            "none" => null,
            _ => "a.b.c",
        };
        var (status, code) = await PostAsync(new StringContent("{}", Encoding.UTF8, "application/json"), token);
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        await IsListedAsync(code);
    }

    private static async Task IsListedAsync(string code) =>
        Assert.Contains($"`{code}`", await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/PROBLEMS.md"), TestContext.Current.CancellationToken), StringComparison.Ordinal);

    private async Task<(HttpStatusCode Status, string Code)> PostAsync(HttpContent content, string? bearer)
    {
        using var http = new HttpClient { BaseAddress = node.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sandbox/execute") { Content = content };
        if (bearer is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", bearer);
        using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, JsonDocument.Parse(answer).RootElement.GetProperty("code").GetString()!);
    }

    private sealed class PastTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => TimeProvider.System.GetUtcNow() - TimeSpan.FromDays(2);
    }
}
