using System.Collections.Concurrent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Testing.Sandboxes;

/// <summary>Hands out <see cref="FakeSandbox"/>es that share one agent unless a test makes one for each.</summary>
public sealed class FakeSandboxEngine : ISandboxEngine
{
    private readonly ConcurrentQueue<FakeSandbox> _sandboxes = [];

    public ZygoteStatus Zygotes => default;

    /// <summary>Agent of sandboxes, where <see cref="MakeAgent"/> is not set.</summary>
    public FakeAgent Agent { get; } = new();

    /// <summary>Makes the agent of the next sandbox.</summary>
    public Func<ISandboxAgent>? MakeAgent { get; set; }

    /// <summary>Thrown by the next acquisitions.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Every sandbox handed out, ended ones too.</summary>
    public IReadOnlyList<FakeSandbox> Sandboxes => [.. _sandboxes];

    public bool IsDisposed { get; private set; }

    public IReadOnlyList<string> Templates { get; set; } = ["base"];

    public TierDescription Tier { get; set; } = TierDescription.Of(IsolationTier.Container);

    public int Pooled { get; set; }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<ISandbox> AcquireAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        if (Failure is not null) throw Failure;
        var sandbox = new FakeSandbox(spec, MakeAgent?.Invoke() ?? Agent);
        _sandboxes.Enqueue(sandbox);
        return Task.FromResult<ISandbox>(sandbox);
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }
}
