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

    public SandboxFailures ReadFailures() => Usage.Failures;

    public void ResetMemoryPeak() => Usage = Usage with { MemoryPeakBytes = Usage.MemoryBytes };

    public void SetLimits(SandboxLimits limits)
    {
    }

    public void SetEgress(EgressPolicy policy) => Spec = Spec with { Egress = policy };

    /// <summary>Whether it has been frozen, and not thawed.</summary>
    public bool IsFrozen { get; private set; }

    /// <summary>Thrown by the next freezing.</summary>
    public Exception? FreezeFailure { get; set; }

    /// <summary>Completes before the sandbox is frozen.</summary>
    public Task Freezing { get; set; } = Task.CompletedTask;

    /// <summary>Completes when its memory is reclaimed.</summary>
    public TaskCompletionSource Reclaimed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task FreezeAsync()
    {
        await Freezing;
        if (FreezeFailure is { } failure) throw failure;
        IsFrozen = true;
    }

    /// <summary>Completes before its memory is reclaimed, on the thread that does it.</summary>
    public Task Reclaiming { get; set; } = Task.CompletedTask;

    /// <summary>Completes when the reclaim of its memory has begun.</summary>
    public TaskCompletionSource ReclaimBegun { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void ReclaimMemory()
    {
        ReclaimBegun.TrySetResult();
        Reclaiming.GetAwaiter().GetResult();
        Reclaimed.TrySetResult();
    }

    public void Thaw() => IsFrozen = false;

    /// <summary>The first process ends by itself.</summary>
    public void Exit(SandboxExit exit) => _exited.TrySetResult(exit);

    public ValueTask DisposeAsync()
    {
        _exited.TrySetResult(SandboxExit.Killed);
        return ValueTask.CompletedTask;
    }
}
