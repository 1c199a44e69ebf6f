using System.Globalization;
using MonkeyCoder.Contracts.Security;
using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Security.Tests.Node;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Http;

/// <summary>A node with two tenants and a sandbox of each, and the variables that <c>http</c> cases speak of.</summary>
public class HttpNode : IAsyncLifetime
{
    public const int MaxSandboxes = 12;

    private const string Domain = "sbx.test";

    private readonly Canaries _canaries = new();
    private readonly string _work = Directory.CreateTempSubdirectory("monkeycoder-http-").FullName;
    private readonly Dictionary<string, string> _variables = [];

    public HttpNode()
        : this(new NodeUnderTest())
    {
    }

    protected HttpNode(NodeUnderTest node) => Node = node;

    public NodeUnderTest Node { get; }

    public virtual async ValueTask InitializeAsync()
    {
        var token = TestContext.Current.CancellationToken;
        _canaries.PlantOnHost();
        // No pool, so that what is there is somebody's.
        Node.Settings["Engine__PoolSize"] = "0";
        // The cases choose the level, which a request can only raise.
        Node.Settings["Security__CodeChecks"] = "off";
        Node.Settings["CORPUS_CANARY"] = _canaries.Secret;
        Node.Settings["Hosting__MetricsPort"] = FreePort.Find().ToString(CultureInfo.InvariantCulture);
        Node.Settings["Sandboxes__MaxSandboxesPerTenant"] = MaxSandboxes.ToString(CultureInfo.InvariantCulture);
        // All cases come from one address, and most of them guess: the one about guessing is the last.
        Node.Settings["RateLimits__FailureBurst"] = "350";
        Node.Settings["RateLimits__FailuresPerSecond"] = "1";
        await Node.InitializeAsync();
        var keyA = await Node.NewKeyAsync("tenant-a", token);
        var keyB = await Node.NewKeyAsync("tenant-b", token);
        await _canaries.PlantInNeighbourAsync(Node, keyB, token);
        var a = await CreateAsync(keyA, token);
        var b = await CreateAsync(keyB, token);
        await WriteCanaryAsync(keyB, b.Id, token);

        var api = Node.Address.ToString().TrimEnd('/');
        Set("API", api);
        Set("API_WS", api.Replace("http", "ws", StringComparison.Ordinal));
        Set("APIHOST", Node.Address.Host);
        Set("APIPORT", Node.Port.ToString(CultureInfo.InvariantCulture));
        Set("APITLS", "");
        Set("KEY_A", keyA);
        Set("KEY_B", keyB);
        Set("TOK_A", Token(TimeSpan.FromMinutes(30), TimeProvider.System));
        Set("TOK_EXP", Token(TimeSpan.FromMinutes(1), new PastTime(TimeSpan.FromHours(2))));
        Set("SBX_A", a.Id);
        Set("SBX_B", b.Id);
        Set("AT_A", a.Token);
        Set("AT_B", b.Token);
        Set("ENVD_A", $"http://49983-{a.Id}.{Domain}");
        Set("ENVD_B", $"http://49983-{b.Id}.{Domain}");
        Set("DOMAIN", Domain);
        Set("SBX_PROXY", api);
        // What only other components have: ids that nobody has, so that asking for them must be refused as well.
        foreach (var name in new[] { "SESS_A", "SESS_B", "PROJ_A", "PROJ_B", "CTX_B", "VOL_A", "VOL_B", "TPL_B", "SNAP_B", "TEAM_B" })
            Set(name, "i" + new string('0', 17) + name.ToLowerInvariant()[^1..] + "9");
        foreach (var name in new[] { "CONNECT_A", "CONNECT_RELEASED", "CDP_A_NOSIG", "LIVE_B_NOSIG" }) Set(name, "");
        Set("MINT", Path.Combine(Shell.Tools, "bin/mint"));
        Set("MAX_SANDBOXES", MaxSandboxes.ToString(CultureInfo.InvariantCulture));
        Set("LOG_FILES", Node.LogFile);
        Set("SANDBOX_TOKEN_SECRET", Node.Secret);
        Set("SVC_START_ONESHOT_WITH_SECRET", Path.Combine(Shell.Tools, "bin/start-with-secret"));
        Set("SERVICE", Repository.Service);
        Set("STATE", Node.StateDirectory);
        Set("INSTANCE", Node.Instance);
        Set("RUN", "/run/monkeycoder");
        Set("WORK", _work);
        Set("TOOLS", Shell.Tools);
        Directory.CreateDirectory(Path.Combine(_work, "tokens"));
        await File.WriteAllTextAsync(Path.Combine(_work, "tokens", a.Id), a.Token, token);
        await File.WriteAllTextAsync(Path.Combine(_work, "tokens", b.Id), b.Token, token);
        await Shell.RunAsync("leak_audit snapshot", "true", "", _variables, TimeSpan.FromMinutes(1));
    }

    /// <summary>Runs a case against the node.</summary>
    public Task<Outcome> RunAsync(CorpusCase tried) => RunAsync(tried.Attempt, 8 * tried.Timeout);

    /// <summary>Runs a scenario with the variables and functions of the cases.</summary>
    public Task<Outcome> RunAsync(string scenario, TimeSpan timeout) =>
        Shell.RunAsync($". {Shell.Tools}/http.sh", scenario, "", _variables, timeout);

    public int CanaryHits => _canaries.Hits;

    public long ResidentBytes => Node.ResidentBytes();

    public virtual async ValueTask DisposeAsync()
    {
        await _canaries.DisposeAsync();
        await Node.DisposeAsync();
        Directory.Delete(_work, recursive: true);
        GC.SuppressFinalize(this);
    }

    private void Set(string name, string value) => _variables[name] = value;

    private string Token(TimeSpan life, TimeProvider time) =>
        SandboxTokens.Generate("corpus", life, Node.Secret, "tenant-a", SandboxTokens.AllScopes.Append(SandboxTokens.SandboxesScope).Distinct(), time);

    private async Task<(string Id, string Token)> CreateAsync(string key, CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = Node.Address };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/sandboxes")
        {
            Content = new StringContent("""{"templateID":"base","timeout":3600}""", System.Text.Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-API-Key", key);
        using var answer = await http.SendAsync(request, cancellationToken);
        using var made = System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellationToken));
        return (made.RootElement.GetProperty("sandboxID").GetString()!, made.RootElement.GetProperty("envdAccessToken").GetString()!);
    }

    private async Task WriteCanaryAsync(string key, string id, CancellationToken cancellationToken)
    {
        using var client = Node.NewClient(key);
        await using var sandbox = await client.ConnectAsync(id, TimeSpan.FromHours(1), cancellationToken);
        await sandbox.RunCommandAsync($"echo {_canaries.Secret} > /sandbox/volumes/workspace/canary.txt", null, cancellationToken);
    }

    private sealed class PastTime(TimeSpan ago) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() - ago;
    }
}
