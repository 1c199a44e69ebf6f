using System.Text;
using System.Text.Json.Nodes;

namespace MonkeyCoder.Sandbox.Tests.E2b;

/// <summary>Whatever is put in place of any value of a good request, the answer is never a fault.</summary>
public sealed class BadInputTests : IAsyncLifetime
{
    private static readonly string[] Values =
    [
        "null", "true", "-1", "0", "1e999", "1.5", "18446744073709551616", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"../../x\"",
        "\"~root/x\"", "[]", "[null]", "{}", "{\"a\":null}", "{\"\":\"\"}", "{\"\\ud800\":\"x\"}",
        new string('[', 40) + new string(']', 40), "\"" + new string('x', 10_000) + "\"",
    ];

    private E2bNode _node = null!;
    private Created _sandbox = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _node = await E2bNode.StartAsync();
        _sandbox = await _node.CreateAsync();
        _node.Agent.ProcessScript = static process => process.Exit(0);
    }

    public ValueTask DisposeAsync() => _node.DisposeAsync();

    [Theory]
    [InlineData("/v2/sandboxes", """{"templateID":"base","timeout":5,"metadata":{"a":"b"},"envVars":{"A":"b"},"secure":true,"allow_internet_access":false,"network":{"allowOut":["1.1.1.1"],"denyOut":["0.0.0.0/0"],"allowPublicTraffic":true,"maskRequestHost":"h","httpsPorts":[1],"rules":{"a.b":[{"transform":{"headers":{"X":"y"}}}]},"egressProxy":{}},"autoPause":false,"autoPauseMemory":true,"autoResume":{"enabled":false},"volumeMounts":[{"name":"n","path":"/p"}],"iam":{},"mcp":{}}""")]
    [InlineData("/sandboxes/ID/connect", """{"timeout":5,"memory":true}""")]
    [InlineData("/sandboxes/ID/timeout", """{"timeout":5}""")]
    [InlineData("PUT /sandboxes/ID/network", """{"allowOut":["1.1.1.1"],"denyOut":["0.0.0.0/0"],"allow_internet_access":true,"rules":{"a.b":[{"transform":{"headers":{"X":"y"}}}]},"egressProxy":null}""")]
    [InlineData("/sandboxes/ID/refreshes", """{"duration":5}""")]
    public Task ControlPlane_WithAnyValue_IsNoFault(string path, string json) =>
        EachAsync(json, body => _node.SendAsync(
            path.StartsWith("PUT ", StringComparison.Ordinal) ? HttpMethod.Put : HttpMethod.Post,
            path.Replace("PUT ", "", StringComparison.Ordinal).Replace("ID", _sandbox.Id, StringComparison.Ordinal),
            body));

    [Theory]
    [InlineData("process.Process/List", "{}")]
    [InlineData("process.Process/SendInput", """{"process":{"pid":1},"input":{"stdin":"SGk="}}""")]
    [InlineData("process.Process/SendSignal", """{"process":{"pid":1},"signal":"SIGNAL_SIGKILL"}""")]
    [InlineData("process.Process/Update", """{"process":{"pid":1},"pty":{"size":{"cols":1,"rows":1}}}""")]
    [InlineData("process.Process/CloseStdin", """{"process":{"tag":"t"}}""")]
    [InlineData("filesystem.Filesystem/Stat", """{"path":"x"}""")]
    [InlineData("filesystem.Filesystem/MakeDir", """{"path":"x"}""")]
    [InlineData("filesystem.Filesystem/Move", """{"source":"x","destination":"y"}""")]
    [InlineData("filesystem.Filesystem/ListDir", """{"path":"x","depth":1}""")]
    [InlineData("filesystem.Filesystem/Remove", """{"path":"x"}""")]
    [InlineData("filesystem.Filesystem/CreateWatcher", """{"path":"x","recursive":true,"includeEntry":true,"allowNetworkMounts":true}""")]
    [InlineData("filesystem.Filesystem/GetWatcherEvents", """{"watcherId":"x"}""")]
    [InlineData("files/compose", """{"source_paths":["x"],"destination":"y","username":"user"}""")]
    public Task Envd_WithAnyValue_IsNoFault(string method, string json)
    {
        _node.Agent.Files["/home/user/x"] = [1];
        return EachAsync(json, async body =>
        {
            _node.Agent.Files["/home/user/x"] = [1];
            using var request = E2bNode.Envd(_sandbox, HttpMethod.Post, "/" + method, new StringContent(body, Encoding.UTF8, "application/json"));
            return await _node.Client.SendAsync(request, Cancelled);
        });
    }

    [Fact]
    public Task Start_WithAnyValue_EndsInTheStream() => EachAsync(
        """{"process":{"cmd":"x","args":["a"],"envs":{"A":"b"},"cwd":"/"},"pty":{"size":{"cols":1,"rows":1}},"tag":"t","stdin":true}""",
        async body =>
        {
            using var frames = await _node.StreamAsync(_sandbox, "process.Process/Start", body);
            Assert.Equal(200, (int)frames.Response.StatusCode);
            while ((await frames.NextAsync()).Flags != 2)
            {
            }

            return new HttpResponseMessage();
        });

    [Theory]
    [InlineData("/contexts", """{"language":"python","cwd":"/"}""")]
    [InlineData("/execute", """{"code":1,"context_id":"x","language":"x","env_vars":{"A":"b"}}""")]
    public Task CodeInterpreter_WithAnyValue_IsNoFault(string path, string json) => EachAsync(json, async body =>
    {
        using var request = E2bNode.Code(_sandbox, HttpMethod.Post, path, body);
        return await _node.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
    });

    [Theory]
    [InlineData("/files?path=%ff%fe")]
    [InlineData("/files?path=%00")]
    [InlineData("/files?path=x&username=%0a")]
    [InlineData("/files?path=x&signature=%ff&signature_expiration=x")]
    [InlineData("/%2e%2e/files")]
    [InlineData("/contexts/%2e%2e/restart")]
    [InlineData("/filesystem.Filesystem/%00")]
    public async Task Paths_OfAnyKind_AreNoFault(string path)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Delete, HttpMethod.Patch })
        {
            using var request = E2bNode.Envd(_sandbox, method, path, method == HttpMethod.Get ? null : new StringContent("x"));
            using var response = await _node.Client.SendAsync(request, Cancelled);
            Assert.InRange((int)response.StatusCode, 200, 499);
        }
    }

    /// <summary>Sends the request once for each value that replaces one of its own, and cut off at some places.</summary>
    private static async Task EachAsync(string json, Func<string, Task<HttpResponseMessage>> send)
    {
        foreach (var body in Variants(json))
        {
            using var response = await send(body);
            var status = (int)response.StatusCode;
            Assert.True(status is < 500 or 501, $"{status} for {body[..Math.Min(body.Length, 300)]}");
        }
    }

    private static IEnumerable<string> Variants(string json)
    {
        yield return json;
        for (var length = 0; length < json.Length; length += Math.Max(1, json.Length / 8)) yield return json[..length];
        foreach (var value in Values) yield return value;
        foreach (var path in Paths(JsonNode.Parse(json)!, ""))
            foreach (var value in Values) yield return With(json, path, value);
    }

    private static IEnumerable<string> Paths(JsonNode node, string path) => node switch
    {
        JsonObject members => members.SelectMany(member => member.Value is null ? [] : Paths(member.Value, $"{path}/{member.Key}").Prepend($"{path}/{member.Key}")),
        JsonArray items => items.SelectMany((item, i) => item is null ? [] : Paths(item, $"{path}/{i}").Prepend($"{path}/{i}")),
        _ => [],
    };

    /// <summary>The document with the value at a path replaced by raw text.</summary>
    private static string With(string json, string path, string value)
    {
        const string Placeholder = "@@value@@";
        var root = JsonNode.Parse(json)!;
        var steps = path.Split('/')[1..];
        JsonNode parent = root;
        foreach (var step in steps[..^1]) parent = parent is JsonArray array ? array[int.Parse(step)]! : parent[step]!;
        if (parent is JsonArray list) list[int.Parse(steps[^1])] = Placeholder;
        else parent[steps[^1]] = Placeholder;
        return root.ToJsonString().Replace($"\"{Placeholder}\"", value, StringComparison.Ordinal);
    }
}
