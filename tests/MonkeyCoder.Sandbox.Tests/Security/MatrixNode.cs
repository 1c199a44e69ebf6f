using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Sandbox.Tests.E2b;
using MonkeyCoder.Sandbox.Tests.Hosting;
using MonkeyCoder.Testing.Sandboxes;

namespace MonkeyCoder.Sandbox.Tests.Security;

/// <summary>A node with two tenants, and everything that somebody could show it.</summary>
internal sealed class MatrixNode : IAsyncDisposable
{
    private MatrixNode(NodeFixture node, string ownerKey, string otherKey, string revokedKey)
    {
        Node = node;
        OwnerKey = ownerKey;
        OtherKey = otherKey;
        RevokedKey = revokedKey;
    }

    public NodeFixture Node { get; }

    public string OwnerKey { get; }

    public string OtherKey { get; }

    public string RevokedKey { get; }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static async Task<MatrixNode> StartAsync()
    {
        // The matrix has more wrong credentials, and more requests, than anybody sends in good faith.
        var node = await NodeFixture.StartAsync(
            "--RateLimits:FailureBurst=1000000", "--RateLimits:AddressBurst=1000000", "--RateLimits:CallerBurst=1000000");
        var owner = await node.Keys.CreateAsync("owner", "a", Cancelled);
        var other = await node.Keys.CreateAsync("other", "b", Cancelled);
        var revoked = await node.Keys.CreateAsync("revoked", "a", Cancelled);
        await node.Keys.RevokeAsync("revoked", Cancelled);
        node.Engine.MakeAgent = static () => new MemoryAgent { Script = static cell => cell.Count(1).Idle() };
        return new MatrixNode(node, owner.Key, other.Key, revoked.Key);
    }

    /// <summary>A fresh sandbox of a tenant; its ports ask for the traffic token where they are closed.</summary>
    public async Task<Created> CreateAsync(string key, bool closedPorts = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/sandboxes");
        request.Headers.Add("X-API-KEY", key);
        var network = closedPorts ? ""","network":{"allowPublicTraffic":false}""" : "";
        request.Content = new StringContent($$"""{"templateID":"base"{{network}}}""", Encoding.UTF8, "application/json");
        using var response = await Node.Http.SendAsync(request, Cancelled);
        Assert.Equal(201, (int)response.StatusCode);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(Cancelled);
        return new Created(
            body.GetProperty("sandboxID").GetString()!, body.GetProperty("envdAccessToken").GetString(),
            body.TryGetProperty("trafficAccessToken", out var traffic) ? traffic.GetString() : null);
    }

    /// <summary>Status and body.</summary>
    public async Task<(int Status, string Body)> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await Node.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
            return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Cancelled));
        }
    }

    public ValueTask DisposeAsync() => Node.DisposeAsync();

    /// <summary>Everything that must open nothing: name, and what it puts into a request.</summary>
    public IReadOnlyList<(string Name, Action<HttpRequestMessage> Show)> Strangers =>
    [
        ("nothing", static _ => { }),
        ("garbage key", static request => request.Headers.Add("X-API-KEY", "garbage")),
        ("unknown key", static request => request.Headers.Add("X-API-KEY", "e2b_0123456789abcdef0123456789abcdef01234567")),
        ("revoked key", request => request.Headers.Add("X-API-KEY", RevokedKey)),
        ("garbage token", static request => Bearer(request, "a.b.c")),
        ("expired token", static request => Bearer(request, SandboxTokens.Generate(
            "e1", TimeSpan.FromHours(1), NodeFixture.Secret, "a", SandboxTokens.AllScopes, new DayBefore()))),
        ("forged token", static request => Bearer(request, SandboxTokens.Generate(
            "e1", TimeSpan.FromHours(1), "another secret of thirty-two bytes", "a", SandboxTokens.AllScopes, TimeProvider.System))),
    ];

    public static void Bearer(HttpRequestMessage request, string token) => request.Headers.Add("Authorization", "Bearer " + token);

    private sealed class DayBefore : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - TimeSpan.FromDays(1);
    }
}
