using MonkeyCoder.Security.Tests.Http;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Internet;

/// <summary>
/// A node whose network is the fake internet, with two tenants and a sandbox of each. Sandboxes may reach example.com and *.pypi.org
/// where their creator says nothing else.
/// </summary>
public sealed class InternetNode : HttpNode
{
    private readonly FakeInternet _internet;

    public InternetNode()
        : this(new FakeInternet())
    {
    }

    private InternetNode(FakeInternet internet)
        : base(new NodeUnderTest { NetworkNamespace = internet.NodeNamespace }) => _internet = internet;

    internal FakeInternet Internet => _internet;

    public override async ValueTask InitializeAsync()
    {
        try
        {
            await _internet.StartAsync(Node.Port);
            _internet.Connect(Node);
            await base.InitializeAsync();
        }
        catch
        {
            // Nobody disposes a fixture that could not be made.
            await DisposeAsync();
            throw;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        try
        {
            await base.DisposeAsync();
        }
        finally
        {
            await _internet.DisposeAsync();
        }
    }

    /// <summary>Runs something; after it no canary has been reached, and no name was asked for but those that sandboxes may reach.</summary>
    internal async Task<T> AssertNothingElseIsReachedAsync<T>(Func<Task<T>> run)
    {
        var before = _internet.Log.Count;
        var outcome = await run();
        Assert.All(_internet.Log.Skip(before), static line => Assert.Matches(@"^query (example\.com|([a-z0-9.-]+\.)pypi\.org)$", line));
        Assert.Equal(0, CanaryHits);
        return outcome;
    }
}
