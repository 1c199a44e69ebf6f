using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Agents;

/// <summary>Forks kernels into one sandbox, where starting them there would take long.</summary>
public interface IKernelForks
{
    /// <summary>Whether kernels of that language can be forked now.</summary>
    bool Offers(string language);

    /// <summary>A kernel that runs in the sandbox, as a child of its agent; null where it has to be started after all.</summary>
    /// <param name="plan">How the agent would start it. It comes from inside, so it is taken for no more than a wish.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<ForkedKernel?> TryForkAsync(KernelPlanMessage plan, CancellationToken cancellationToken);
}

/// <summary>A forked kernel, and the node's copies of what its agent gets.</summary>
/// <param name="Pid">As the sandbox sees it.</param>
/// <param name="Driver">The other end of its socket.</param>
/// <param name="Stdout">To be read.</param>
/// <param name="Stderr">To be read.</param>
public sealed record ForkedKernel(int Pid, FileDescriptor Driver, FileDescriptor Stdout, FileDescriptor Stderr) : IDisposable
{
    public void Dispose()
    {
        Driver.Dispose();
        Stdout.Dispose();
        Stderr.Dispose();
    }
}
