using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Egress;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Testing.Sandboxes;

/// <summary>A sandbox without an inside.</summary>
public sealed class FakeSandbox(SandboxSpec spec, ISandboxAgent agent) : ISandbox
{
    private readonly TaskCompletionSource<SandboxExit> _exited = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SandboxId Id { get; } = SandboxId.New();

    public SandboxSpec Spec { get; private set; } = spec;

    public string TemplateVersion => "fake";

    public ISandboxAgent Agent => agent;

    public Task<SandboxExit> Exited => _exited.Task;

    /// <summary>What <see cref="ReadUsage"/> answers.</summary>
    public SandboxUsage Usage { get; set; } = new(TimeSpan.Zero, 0, 0, 0, 0, 1, 0, 0, 0, 0);

    /// <summary>Whether it has been removed.</summary>
    public bool IsDisposed => _exited.Task.IsCompleted;

    public SandboxUsage ReadUsage() => Usage;

    public void ResetMemoryPeak() => Usage = Usage with { MemoryPeakBytes = Usage.MemoryBytes };

    public void SetLimits(SandboxLimits limits)
    {
    }

    public void SetEgress(EgressPolicy policy) => Spec = Spec with { Egress = policy };

    public void Freeze()
    {
    }

    public void Thaw()
    {
    }

    /// <summary>The first process ends by itself.</summary>
    public void Exit(SandboxExit exit) => _exited.TrySetResult(exit);

    public ValueTask DisposeAsync()
    {
        _exited.TrySetResult(SandboxExit.Killed);
        return ValueTask.CompletedTask;
    }
}
