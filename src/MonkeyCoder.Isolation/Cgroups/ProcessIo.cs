using System.Globalization;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Cgroups;

/// <summary>
/// What processes have written to disk, from <c>/proc/PID/io</c> (proc_pid_io(5)): blkio of v1 does not see buffered
/// writes. A parent's figure takes in those of the children it has waited for, and the agent waits for all orphans, so
/// the sum over the living is the sum of all there ever were.
/// </summary>
internal static class ProcessIo
{
    /// <summary>Bytes sent to block devices by the processes and the children they have reaped.</summary>
    public static long WrittenBytes(IReadOnlyList<int> pids)
    {
        var sum = 0L;
        foreach (var pid in pids) sum += WrittenBytes(pid);
        return sum;
    }

    private static long WrittenBytes(int pid)
    {
        try
        {
            return CgroupFile.ReadKey(string.Create(CultureInfo.InvariantCulture, $"/proc/{pid}/io"), "write_bytes:"u8);
        }
        catch (SyscallException e) when (e.Errno == ErrnoName.EACCES)
        {
            return 0; // Without CAP_SYS_PTRACE the kernel does not say.
        }
    }
}
