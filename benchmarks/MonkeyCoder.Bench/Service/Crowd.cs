using MonkeyCoder.Client;

namespace MonkeyCoder.Bench.Service;

/// <summary>Sandboxes that live and do nothing, while others are measured.</summary>
internal sealed class Crowd(Node node) : IAsyncDisposable
{
    private const int AtOnce = 4;
    private static readonly SandboxCreateOptions Options = new() { Timeout = TimeSpan.FromHours(12) };

    private readonly List<RemoteSandbox> _members = [];

    /// <summary>Makes it that many, each of which has run a command.</summary>
    public async Task ReachAsync(int size, CancellationToken cancellationToken)
    {
        while (_members.Count < size)
            _members.AddRange(await Task.WhenAll(Enumerable.Range(0, Math.Min(AtOnce, size - _members.Count)).Select(_ => JoinAsync(cancellationToken))));
        while (_members.Count > size)
        {
            await _members[^1].DisposeAsync();
            _members.RemoveAt(_members.Count - 1);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var leaving in _members.Chunk(AtOnce)) await Task.WhenAll(leaving.Select(static one => one.DisposeAsync().AsTask()));
        _members.Clear();
    }

    private async Task<RemoteSandbox> JoinAsync(CancellationToken cancellationToken)
    {
        var sandbox = await node.Client.CreateAsync(Options, cancellationToken);
        await sandbox.RunCommandAsync("echo 1", cancellationToken: cancellationToken);
        return sandbox;
    }
}
