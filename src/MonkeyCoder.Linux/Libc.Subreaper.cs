using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>prctl(2): adopting orphans.</content>
public static partial class Libc
{
    private const int PR_SET_CHILD_SUBREAPER = 36;

    /// <summary>From now on, descendants whose parent ends become children of this process.</summary>
    /// <exception cref="SyscallException">EINVAL: before Linux 3.4.</exception>
    public static void BecomeSubreaper()
    {
        if (RawPrctlSubreaper(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) throw Failed("prctl", "PR_SET_CHILD_SUBREAPER");
    }

    // prctl(2)
    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int RawPrctlSubreaper(int option, nuint a, nuint b, nuint c, nuint d);
}
