using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Unprivileged;

/// <summary>A running engine of the unprivileged tier.</summary>
public sealed class UnprivilegedFixture : IAsyncLifetime
{
    private EngineFixture? _engine;

    public EngineFixture Engine => _engine!;

    public async ValueTask InitializeAsync() =>
        _engine = await EngineFixture.StartAsync(static options => Choose(options));

    /// <summary>Its uids are the machine's, and what runs under them is killed: claims are made where every service makes them.</summary>
    internal static EngineOptions Choose(EngineOptions options)
    {
        options.Tier = IsolationTier.Unprivileged;
        options.RunDirectory = new EngineOptions().RunDirectory;
        return options;
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null) await _engine.DisposeAsync();
    }
}
