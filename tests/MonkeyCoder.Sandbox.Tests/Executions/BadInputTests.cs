using System.Net;
using System.Net.Sockets;
using System.Text;
using MonkeyCoder.Sandbox.Tests.Hosting;

namespace MonkeyCoder.Sandbox.Tests.Executions;

/// <summary>Whatever is sent: a 4xx with a code, no crash, no sandbox started for it.</summary>
public sealed class BadInputTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("", 400, "invalid_json")]
    [InlineData("{", 400, "invalid_json")]
    [InlineData("not json", 400, "invalid_json")]
    [InlineData("""{"code":"1"} {"code":"2"}""", 400, "invalid_json")]
    [InlineData("""{"code":"1",}""", 400, "invalid_json")]
    [InlineData("null", 400, "invalid_field")]
    [InlineData("[]", 400, "invalid_field")]
    [InlineData("\"text\"", 400, "invalid_field")]
    [InlineData("""{"code":"1","code":"2"}""", 400, "invalid_field")]
    [InlineData("""{"code":1}""", 400, "invalid_field")]
    [InlineData("""{"code":["1"]}""", 400, "invalid_field")]
    [InlineData("""{"code":"\ud800"}""", 400, "invalid_field")]
    [InlineData("""{"code":"1","timeout":"30"}""", 400, "invalid_field")]
    [InlineData("""{"code":"1","timeout":{}}""", 400, "invalid_field")]
    [InlineData("""{"code":"1","keep":"yes"}""", 400, "invalid_field")]
    [InlineData("""{"code":"1","metadata":[]}""", 400, "invalid_field")]
    [InlineData("""{"code":"1","sandbox_id":7}""", 400, "invalid_field")]
    [InlineData("""{"code":"1","cpu":7}""", 400, "unknown_field")]
    [InlineData("""{"code":"1","Code":"2"}""", 400, "unknown_field")]
    [InlineData("""{}""", 400, "code_missing")]
    [InlineData("""{"code":null}""", 400, "code_missing")]
    [InlineData("""{"code":"1","timeout":0}""", 400, "timeout_out_of_range")]
    [InlineData("""{"code":"1","timeout":-1}""", 400, "timeout_out_of_range")]
    [InlineData("""{"code":"1","timeout":0.0000001}""", 400, "timeout_out_of_range")]
    [InlineData("""{"code":"1","timeout":3601}""", 400, "timeout_out_of_range")]
    [InlineData("""{"code":"1","timeout":1e300}""", 400, "timeout_out_of_range")]
    [InlineData("""{"code":"1","timeout":1e999}""", 400, "timeout_out_of_range")]
    [InlineData("""{"code":"1","language":"cobol"}""", 400, "unsupported_language")]
    [InlineData("""{"code":"1","language":""}""", 400, "unsupported_language")]
    [InlineData("""{"code":"1","sandbox_type":"vm"}""", 400, "unsupported_sandbox_type")]
    [InlineData("""{"sandbox_type":"browser","action":"navigate","url":"https://example.org"}""", 501, "browser_not_available")]
    [InlineData("""{"code":"1","action":"navigate"}""", 400, "unsupported_action")]
    [InlineData("""{"code":"1","sandbox_id":"i0123456789abcdefghij"}""", 404, "sandbox_not_found")]
    [InlineData("""{"code":"1","sandbox_id":"../../etc"}""", 404, "sandbox_not_found")]
    [InlineData("""{"code":"1","execution_id":"a b"}""", 400, "invalid_execution_id")]
    [InlineData("""{"code":"1","execution_id":"other"}""", 403, "execution_id_mismatch")]
    public async Task Execute_BadBody_IsRefused(string json, int status, string code)
    {
        await using var node = await NodeFixture.StartAsync();

        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/execute", json), status, code);

        Assert.Empty(node.Engine.Sandboxes);
    }

    [Fact]
    public async Task Execute_DeeplyNestedMetadata_IsRefused()
    {
        await using var node = await NodeFixture.StartAsync();
        var json = "{\"code\":\"1\",\"metadata\":{\"a\":" + new string('[', 5000) + new string(']', 5000) + "}}";

        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/execute", json), 400, "invalid_json");
    }

    [Fact]
    public async Task Execute_InvalidUtf8_IsRefused()
    {
        await using var node = await NodeFixture.StartAsync();
        using var content = new ByteArrayContent([.. "{\"code\":\""u8, 0xFF, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/sandbox/execute") { Content = content };
        request.Headers.Authorization = new("Bearer", NodeFixture.Token());

        var response = await node.Http.SendAsync(request, Token);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Theory]
    [InlineData(2 * 1024 * 1024, "code_too_large")]
    [InlineData(10 * 1024 * 1024, "request_too_large")]
    [InlineData(60 * 1024 * 1024, "request_too_large")]
    public async Task Execute_MoreCodeThanACellTakes_IsRefused(int size, string code)
    {
        await using var node = await NodeFixture.StartAsync();
        var json = $$"""{"code":"{{new string('x', size)}}"}""";

        await NodeFixture.AssertProblemAsync(await node.PostAsync("/sandbox/execute", json), 413, code);
    }

    [Fact]
    public async Task Execute_CodeAtTheLimitEscaped_IsTaken()
    {
        await using var node = await NodeFixture.StartAsync();
        node.Agent.Script = cell => cell.Count(1).Idle();
        var json = $$"""{"code":"{{string.Concat(Enumerable.Repeat("\\u0061", 1024 * 1024))}}"}""";

        var response = await node.PostAsync("/sandbox/execute", json);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task Execute_NotDeclaredAsJson_IsRefused(string contentType)
    {
        await using var node = await NodeFixture.StartAsync();

        var response = await node.PostAsync("/sandbox/execute", """{"code":"1"}""", contentType: contentType);

        await NodeFixture.AssertProblemAsync(response, 415, "unsupported_media_type");
    }

    [Theory]
    [InlineData("GET", "/sandbox/execute", 405, "method_not_allowed")]
    [InlineData("DELETE", "/sandbox/health", 405, "method_not_allowed")]
    [InlineData("GET", "/nothing", 404, "not_found")]
    [InlineData("POST", "/sandbox/%2e%2e/x", 404, "not_found")]
    [InlineData("GET", "/sandbox", 404, "not_found")]
    public async Task Request_ForNoRoute_IsRefused(string method, string path, int status, string code)
    {
        await using var node = await NodeFixture.StartAsync();
        using var request = new HttpRequestMessage(new HttpMethod(method), path);

        await NodeFixture.AssertProblemAsync(await node.Http.SendAsync(request, Token), status, code);
    }

    [Fact]
    public async Task Request_OfTheE2bApi_IsRefusedInItsOwnForm()
    {
        await using var node = await NodeFixture.StartAsync();

        var response = await node.Http.GetAsync("/sandboxes/x/nothing", Token);

        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        Assert.Contains("\"code\":404", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_Malformed_IsRefusedAndTheServiceGoesOn()
    {
        await using var node = await NodeFixture.StartAsync();
        foreach (var raw in new[] { "GET\r\n\r\n", "POST /sandbox/execute HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", "\0\0\0\0\r\n\r\n" })
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, node.Http.BaseAddress!.Port, Token);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(raw), Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            Assert.Contains("400 Bad Request", await reader.ReadLineAsync(Token), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await node.Http.GetAsync("/health", Token)).StatusCode);
    }
}
