using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>prlimit(2).</content>
public static partial class Libc
{
    // <sys/resource.h>, the same on x64 and arm64.
    private const int RLIMIT_NOFILE = 7;

    /// <summary>Sets how many descriptors a process may have open; what it starts later inherits it.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="soft">The limit that holds.</param>
    /// <param name="hard">What the process may raise it to; not above what it is now.</param>
    /// <exception cref="SyscallException">ESRCH, EPERM.</exception>
    public static void SetOpenFileLimit(int pid, ulong soft, ulong hard)
    {
        var limit = new ResourceLimit { Soft = soft, Hard = hard };
        if (RawPrlimit(pid, RLIMIT_NOFILE, in limit, 0) != 0) throw Failed("prlimit", $"pid {pid}");
    }

    // struct rlimit, getrlimit(2)
    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    // prlimit(2)
    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int RawPrlimit(int pid, int resource, in ResourceLimit limit, nint old);
}
