using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>Reads figures of sandboxes that may go away at any time.</summary>
internal static class SandboxReadings
{
    /// <summary>null where the sandbox has just gone.</summary>
    public static SandboxUsage? TryRead(ISandbox sandbox)
    {
        try
        {
            return sandbox.ReadUsage();
        }
        catch (Exception exception) when (IsGone(exception))
        {
            return null;
        }
    }

    /// <summary>null where the sandbox has just gone.</summary>
    public static SandboxFailures? TryReadFailures(ISandbox sandbox)
    {
        try
        {
            return sandbox.ReadFailures();
        }
        catch (Exception exception) when (IsGone(exception))
        {
            return null;
        }
    }

    /// <summary>Starts a new measurement of the memory peak, where the sandbox is still there.</summary>
    public static void TryResetPeak(ISandbox sandbox)
    {
        try
        {
            sandbox.ResetMemoryPeak();
        }
        catch (Exception exception) when (IsGone(exception))
        {
            // The cell will find out that it is gone.
        }
    }

    private static bool IsGone(Exception exception) =>
        exception is IOException or SyscallException or ObjectDisposedException or UnauthorizedAccessException;
}
