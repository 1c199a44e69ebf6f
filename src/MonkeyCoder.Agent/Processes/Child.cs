using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Processes;

/// <summary>
/// A process started by the agent, from its start until its owner lets go of it. It leads its own session and process
/// group. <see cref="ChildTable"/> guards <see cref="Exit"/>.
/// </summary>
internal sealed class Child(int pid, FileDescriptor wake) : IDisposable
{
    public int Pid { get; } = pid;

    /// <summary>Raised when the process has been reaped, and by whoever wants its owner's thread to look around.</summary>
    public FileDescriptor Wake { get; } = wake;

    /// <summary>How it ended, once it has been reaped.</summary>
    public ChildExit? Exit { get; set; }

    /// <summary>Raises <see cref="Wake"/>, if somebody still waits for it.</summary>
    public void Nudge()
    {
        try
        {
            Libc.Raise(Wake);
        }
        catch (ObjectDisposedException)
        {
            // The owner has let go of the process.
        }
    }

    public void Dispose() => Wake.Dispose();
}
