using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>prlimit(2).</content>
public static partial class Libc
{
    // <sys/resource.h>, the same on x64 and arm64.
    private const int RLIMIT_NOFILE = 7;
    private const int ResourceCount = 16; // RLIM_NLIMITS

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

    /// <summary>All limits of a process, by their numbers from 0 on; <see cref="ulong.MaxValue"/> is none.</summary>
    /// <exception cref="SyscallException">ESRCH, EPERM.</exception>
    public static IReadOnlyList<(ulong Soft, ulong Hard)> ReadLimits(int pid)
    {
        var limits = new (ulong, ulong)[ResourceCount];
        for (var resource = 0; resource < limits.Length; resource++)
        {
            if (RawPrlimitRead(pid, resource, 0, out var limit) != 0) throw Failed("prlimit", $"pid {pid}");
            limits[resource] = (limit.Soft, limit.Hard);
        }

        return limits;
    }

    /// <summary>Sets a limit of this process and of what it starts or executes later.</summary>
    /// <param name="resource">Number of the limit, RLIMIT_* of <c>&lt;sys/resource.h&gt;</c>.</param>
    /// <param name="soft">The limit that holds.</param>
    /// <param name="hard">What the process may raise it to. Where it may not have that much, what it has now.</param>
    /// <exception cref="SyscallException">EINVAL.</exception>
    public static void SetOwnLimit(int resource, ulong soft, ulong hard)
    {
        if (RawGetLimit(resource, out var now) != 0) throw Failed("getrlimit", $"resource {resource}");
        var limit = new ResourceLimit { Hard = Math.Min(hard, now.Hard), Soft = Math.Min(soft, now.Hard) };
        if (RawPrlimit(0, resource, in limit, 0) != 0) throw Failed("prlimit", $"resource {resource}");
    }

    /// <summary>Sets a limit of another process, for root: it may raise what the process could not.</summary>
    /// <param name="pid">The process.</param>
    /// <param name="resource">As for <see cref="SetOwnLimit"/>.</param>
    /// <param name="soft">The limit that holds.</param>
    /// <param name="hard">What the process may raise it to.</param>
    /// <exception cref="SyscallException">ESRCH, EPERM, EINVAL.</exception>
    public static void SetLimit(int pid, int resource, ulong soft, ulong hard)
    {
        var limit = new ResourceLimit { Soft = soft, Hard = hard };
        if (RawPrlimit(pid, resource, in limit, 0) != 0) throw Failed("prlimit", $"resource {resource} of pid {pid}");
    }

    // struct rlimit, getrlimit(2)
    [StructLayout(LayoutKind.Sequential)]
    private struct ResourceLimit
    {
        public ulong Soft;
        public ulong Hard;
    }

    // getrlimit(2), prlimit(2)
    [LibraryImport("libc", EntryPoint = "getrlimit", SetLastError = true)]
    private static partial int RawGetLimit(int resource, out ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int RawPrlimit(int pid, int resource, in ResourceLimit limit, nint old);

    [LibraryImport("libc", EntryPoint = "prlimit", SetLastError = true)]
    private static partial int RawPrlimitRead(int pid, int resource, nint created, out ResourceLimit limit);
}
