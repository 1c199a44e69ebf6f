using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Egress;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>Why a sandbox is gone.</summary>
public enum SandboxExit
{
    /// <summary>Disposed by its owner.</summary>
    Killed,

    /// <summary>The agent ended by itself or was killed from outside.</summary>
    AgentDied,

    /// <summary>The agent was killed by the kernel for memory.</summary>
    OutOfMemory,
}

/// <summary>
/// A live sandbox. Disposing kills every process in it, and returns when nothing of it runs; what it had (cgroup, mounts, subvolumes,
/// records) is removed soon after, at the latest when the engine is disposed. It is idempotent, bounded, and needs no help from inside.
/// </summary>
public interface ISandbox : IAsyncDisposable
{
    /// <summary>Id, also in the names of its cgroup, mounts and directories.</summary>
    SandboxId Id { get; }

    /// <summary>What it was made from.</summary>
    SandboxSpec Spec { get; }

    /// <summary>Version of the template's content: hash of its recipe.</summary>
    string TemplateVersion { get; }

    /// <summary>Everything inside is reached through this.</summary>
    ISandboxAgent Agent { get; }

    /// <summary>Completes when the sandbox's first process is gone, for whatever reason.</summary>
    Task<SandboxExit> Exited { get; }

    /// <summary>Measured figures. Cheap enough to call before and after every cell.</summary>
    SandboxUsage ReadUsage();

    /// <summary>The part of <see cref="ReadUsage"/> that a cell is judged by, for a tenth of its cost.</summary>
    SandboxFailures ReadFailures();

    /// <summary>Starts a new measurement of <see cref="SandboxUsage.MemoryPeakBytes"/>.</summary>
    void ResetMemoryPeak();

    /// <summary>Changes the limits of the running sandbox.</summary>
    void SetLimits(SandboxLimits limits);

    /// <summary>Changes what the running sandbox may connect to; connections that it may no longer have are cut.</summary>
    void SetEgress(EgressPolicy policy);

    /// <summary>
    /// Stops every process where it is, and returns when none runs any more. From then on the host takes this sandbox's memory before
    /// that of others: page cache, what swap has room for, and at last the sandbox itself.
    /// </summary>
    /// <exception cref="TimeoutException">Some did not stop in time (5 s): all go on.</exception>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">It is being removed.</exception>
    Task FreezeAsync();

    /// <summary>Gives the memory of a frozen sandbox back that the host can take. Blocks for as long as that takes the kernel.</summary>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">It is being removed.</exception>
    void ReclaimMemory();

    /// <summary>Lets every process go on.</summary>
    /// <exception cref="MonkeyCoder.Linux.SyscallException">It is being removed.</exception>
    void Thaw();
}
