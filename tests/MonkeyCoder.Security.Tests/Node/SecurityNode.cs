using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Node;

/// <summary>The node that the cases are run against, with canaries around it.</summary>
public sealed class SecurityNode : IAsyncLifetime
{
    private readonly Canaries _canaries = new();
    private HostState? _host;

    public NodeUnderTest Node { get; } = new();

    public async ValueTask InitializeAsync()
    {
        _host = await HostState.ReadAsync();
        _canaries.PlantOnHost();
        Node.Settings["CORPUS_CANARY"] = _canaries.Secret;
        await Node.InitializeAsync();
        var other = await Node.NewKeyAsync("tenant-b", TestContext.Current.CancellationToken);
        await _canaries.PlantInNeighbourAsync(Node, other, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _canaries.DisposeAsync();
        await Node.DisposeAsync();
        Assert.Equal(0, _canaries.Hits);
        if (_host is not null) await _host.AssertUnchangedAsync();
    }
}
