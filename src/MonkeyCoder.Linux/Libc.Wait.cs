using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <summary>A child that ended: its exit code, or -1 and the signal that ended it.</summary>
public readonly record struct ChildExit(int Pid, int ExitCode, int Signal);

/// <content>waitid(2), kill(2).</content>
public static partial class Libc
{
    private const int P_ALL = 0;
    private const int P_PID = 1;
    private const int WNOHANG = 1;
    private const int WEXITED = 4;
    private const int WNOWAIT = 0x01000000;
    private const int CLD_EXITED = 1;
    private const int SignalInfoBytes = 128;

    /// <summary>SIGINT of signal(7).</summary>
    public const int SIGINT = 2;

    /// <summary>SIGKILL of signal(7).</summary>
    public const int SIGKILL = 9;

    /// <summary>SIGTERM of signal(7).</summary>
    public const int SIGTERM = 15;

    /// <summary>SIGCONT of signal(7).</summary>
    public const int SIGCONT = 18;

    /// <summary>SIGSTOP of signal(7).</summary>
    public const int SIGSTOP = 19;

    /// <summary>Waits until a child has ended, and reaps it unless told to <paramref name="keep"/> it a zombie.</summary>
    /// <param name="pid">The child; 0: any.</param>
    /// <param name="keep">WNOWAIT: look only.</param>
    /// <returns>null where there is no such child (ECHILD).</returns>
    /// <exception cref="SyscallException">Anything but ECHILD.</exception>
    public static ChildExit? WaitChild(int pid, bool keep) =>
        Wait(pid == 0 ? P_ALL : P_PID, pid, WEXITED | (keep ? WNOWAIT : 0));

    /// <summary>Reaps a child if it has ended already; null if not, or where there is no such child.</summary>
    /// <exception cref="SyscallException">Anything but ECHILD.</exception>
    public static ChildExit? TryReapChild(int pid) =>
        Wait(pid == 0 ? P_ALL : P_PID, pid, WEXITED | WNOHANG) is { Pid: not 0 } exit ? exit : null;

    /// <summary>Whether the process is a child of this one, one that has ended and has not been reaped included.</summary>
    public static bool HasChild(int pid) => pid > 0 && Wait(P_PID, pid, WEXITED | WNOHANG | WNOWAIT) is not null;

    /// <summary>kill(2). Returns 0 or the errno (ESRCH, EPERM). A negative pid names a process group.</summary>
    public static int TryKill(int pid, int signal) => RawKill(pid, signal) == 0 ? 0 : Marshal.GetLastPInvokeError();

    private static ChildExit? Wait(int kind, int id, int options)
    {
        Span<byte> info = stackalloc byte[SignalInfoBytes];
        info.Clear();
        while (RawWaitId(kind, id, info, options) != 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            if (errno == ErrnoName.ECHILD) return null;
            if (errno != ErrnoName.EINTR) throw new SyscallException("waitid", errno, $"child {id}");
        }

        // siginfo_t: si_signo, si_errno, si_code at 8; after padding si_pid at 16, si_uid, si_status at 24 (64-bit).
        var code = MemoryMarshal.Read<int>(info[8..]);
        var status = MemoryMarshal.Read<int>(info[24..]);
        return new ChildExit(MemoryMarshal.Read<int>(info[16..]), code == CLD_EXITED ? status : -1, code == CLD_EXITED ? 0 : status);
    }

    // waitid(2), kill(2)
    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int RawWaitId(int kind, int id, Span<byte> info, int options);

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int RawKill(int pid, int signal);
}
