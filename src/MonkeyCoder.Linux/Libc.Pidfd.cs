using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>pidfd_open(2), pidfd_send_signal(2), and waiting through a pidfd.</content>
public static partial class Libc
{
    private const int P_PIDFD = 3;

    /// <summary>A descriptor of the process that has the pid now; readable once it has ended, a zombie included.</summary>
    /// <exception cref="SyscallException">ESRCH: no such process.</exception>
    public static FileDescriptor OpenPidfd(int pid)
    {
        var number = RawPidfdOpen(pid, 0);
        return number >= 0 ? new FileDescriptor(number) : throw Failed("pidfd_open", $"pid {pid}");
    }

    /// <summary>Sends a signal to exactly that process. Returns 0 or the errno (ESRCH: it has been reaped).</summary>
    public static int TrySendSignal(FileDescriptor pidfd, int signal) =>
        RawPidfdSendSignal(pidfd, signal, 0, 0) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>Reaps the process if it is a child of ours that has ended; null if it still runs or is not our child.</summary>
    /// <exception cref="SyscallException">Anything but ECHILD.</exception>
    public static ChildExit? TryReapPidfd(FileDescriptor pidfd)
    {
        ArgumentNullException.ThrowIfNull(pidfd);
        return Wait(P_PIDFD, pidfd.Number, WEXITED | WNOHANG) is { Pid: not 0 } exit ? exit : null;
    }

    // pidfd_open(2), pidfd_send_signal(2); in glibc from 2.36 on.
    [LibraryImport("libc", EntryPoint = "pidfd_open", SetLastError = true)]
    private static partial int RawPidfdOpen(int pid, uint flags);

    [LibraryImport("libc", EntryPoint = "pidfd_send_signal", SetLastError = true)]
    private static partial int RawPidfdSendSignal(FileDescriptor pidfd, int signal, nint info, uint flags);
}
