using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>Ids of the calling thread, and what a process says about itself: credentials(7), prctl(2).</content>
public static partial class Libc
{
    private const int PR_GET_DUMPABLE = 3;
    private const int PR_SET_DUMPABLE = 4;
    private const int PR_CAPBSET_DROP = 24;
    private const int PR_CAP_AMBIENT = 47;
    private const int PR_CAP_AMBIENT_CLEAR_ALL = 4;
    private const int SIG_IGN = 1;

    // Numbers of syscalls(2): x64, arm64.
    private static readonly nint SetGroupsNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 159 : 116;
    private static readonly nint SetResUidNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 147 : 117;
    private static readonly nint SetResGidNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 149 : 119;

    private static readonly nint SignalActionNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 134 : 13;
    private static readonly nint SetFsUidNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 151 : 122;
    private static readonly nint SetFsGidNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 152 : 123;

    /// <summary>SIGPIPE of signal(7).</summary>
    public const int SIGPIPE = 13;

    /// <summary>SIGXFSZ of signal(7): a file grew over RLIMIT_FSIZE.</summary>
    public const int SIGXFSZ = 25;

    /// <summary>getpid(2).</summary>
    public static int ProcessId => RawGetPid();

    /// <summary>
    /// Sets the ids of the calling thread only: real and effective to the given ones, saved to
    /// <paramref name="savedId"/>. The C library's own functions would change every thread.
    /// </summary>
    /// <param name="userId">New real and effective user.</param>
    /// <param name="groupId">New real and effective group.</param>
    /// <param name="savedId">Saved user and group; 0 keeps the way back for a thread of root.</param>
    /// <param name="groups">Supplementary groups.</param>
    /// <exception cref="SyscallException">EPERM; EINVAL: an id is not mapped in this user namespace. Ids may have
    /// changed in part; <see cref="RestoreThreadRoot"/> puts them back.</exception>
    public static void SetThreadIds(uint userId, uint groupId, uint savedId, ReadOnlySpan<uint> groups)
    {
        if (RawSyscallGroups(SetGroupsNumber, groups.Length, groups) != 0) throw Failed("setgroups", $"group {groupId}");
        if (RawSyscallIds(SetResGidNumber, groupId, groupId, savedId) != 0) throw Failed("setresgid", $"group {groupId}");
        if (RawSyscallIds(SetResUidNumber, userId, userId, savedId) != 0) throw Failed("setresuid", $"user {userId}");
    }

    /// <summary>
    /// SIGKILL to every process of a user at one stroke. One by one, a program that forks faster than somebody reads <c>/proc</c>
    /// would get away. For root; the calling thread acts as the user meanwhile.
    /// </summary>
    /// <param name="userId">The user. Its successor must be nobody's id: it is the thread's real id meanwhile, by which nobody can
    /// signal it.</param>
    /// <exception cref="SyscallException">EINVAL: an id is not mapped in this user namespace.</exception>
    public static void KillProcessesOf(uint userId)
    {
        if (userId == 0) throw new ArgumentException("The processes of root are not killed.", nameof(userId));
        if (RawSyscallIds(SetResUidNumber, userId + 1, userId, 0) != 0) throw Failed("setresuid", $"user {userId}");
        // kill(2) spares the process that calls it.
        _ = RawKill(-1, SIGKILL);
        if (RawSyscallIds(SetResUidNumber, 0, 0, 0) != 0) Environment.FailFast("A thread cannot become root again.");
    }

    /// <summary>Takes the calling thread back to user and group 0, from a saved id of 0, without supplementary groups.</summary>
    /// <exception cref="SyscallException">EPERM: there is no way back.</exception>
    public static void RestoreThreadRoot()
    {
        if (RawSyscallIds(SetResUidNumber, 0, 0, 0) != 0) throw Failed("setresuid", "user 0");
        if (RawSyscallIds(SetResGidNumber, 0, 0, 0) != 0) throw Failed("setresgid", "group 0");
        if (RawSyscallGroups(SetGroupsNumber, 0, []) != 0) throw Failed("setgroups", "group 0");
    }

    /// <summary>Makes this process's memory and descriptors unreadable for others of its user (PR_SET_DUMPABLE 0).</summary>
    /// <exception cref="SyscallException">It did not take.</exception>
    public static void ForbidInspection()
    {
        if (RawPrctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || RawPrctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
            throw Failed("prctl(PR_SET_DUMPABLE)", "this process");
    }

    /// <summary>Empties the ambient capabilities of the calling thread, which would survive an exec.</summary>
    /// <exception cref="SyscallException">Anything but EINVAL, which says that this kernel has none: gVisor's.</exception>
    public static void ClearAmbientCapabilities()
    {
        if (RawPrctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && Marshal.GetLastPInvokeError() != ErrnoName.EINVAL)
            throw Failed("prctl(PR_CAP_AMBIENT)", "this process");
    }

    /// <summary>Takes capabilities out of the bounding set of the calling thread, where it may.</summary>
    /// <param name="kept">Those to leave, by their numbers in <c>&lt;linux/capability.h&gt;</c>. Default none.</param>
    public static void DropBoundingCapabilities(params ReadOnlySpan<int> kept)
    {
        for (var capability = 0; capability < 64; capability++)
            if (!kept.Contains(capability)) _ = RawPrctl(PR_CAPBSET_DROP, (nuint)capability, 0, 0, 0);
    }

    /// <summary>
    /// Makes the calling thread look at files as a user, and no more than that: its other ids stay, so nobody else can signal it.
    /// 0 goes back.
    /// </summary>
    public static void SeeFilesAs(uint id)
    {
        _ = RawSyscallId(SetFsGidNumber, id);
        _ = RawSyscallId(SetFsUidNumber, id);
    }

    /// <summary>signal(2) with SIG_IGN.</summary>
    public static void IgnoreSignal(int signal) => _ = RawSignal(signal, SIG_IGN);

    /// <summary>
    /// Ignores the two signals that the C library keeps for itself, as posix_spawn(3) of glibc does for what it starts, and which
    /// signal(2) does not reach.
    /// </summary>
    public static void IgnoreInternalSignals()
    {
        // struct sigaction of the kernel: handler, flags, restorer, mask.
        ReadOnlySpan<nint> action = [SIG_IGN, 0, 0, 0];
        foreach (var signal in (ReadOnlySpan<nint>)[32, 33]) _ = RawSignalAction(SignalActionNumber, signal, action, 0, sizeof(ulong));
    }

    /// <summary>umask(2).</summary>
    public static void SetFileCreationMask(uint mask) => _ = RawUmask(mask);

    // getpid(2), syscall(2), prctl(2), signal(2), umask(2)
    [LibraryImport("libc", EntryPoint = "getpid")]
    private static partial int RawGetPid();

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawSyscallGroups(nint number, nint count, ReadOnlySpan<uint> groups);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawSyscallIds(nint number, nuint real, nuint effective, nuint saved);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawSyscallId(nint number, nuint id);

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    private static partial int RawPrctl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "signal", SetLastError = true)]
    private static partial nint RawSignal(int signal, nint handler);

    [LibraryImport("libc", EntryPoint = "umask")]
    private static partial uint RawUmask(uint mask);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawSignalAction(nint number, nint signal, ReadOnlySpan<nint> action, nint old, nint maskBytes);
}
