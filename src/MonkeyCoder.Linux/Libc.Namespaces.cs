using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>Sockets of another network namespace: setns(2), network_namespaces(7).</content>
public static partial class Libc
{
    // sched.h and socket(2), the same on x64 and arm64.
    private const int CLONE_NEWNET = 0x40000000;
    private const int AF_NETLINK = 16;
    private const int SOCK_DGRAM = 2;
    private const int SOCK_RAW = 3;
    private const int NETLINK_ROUTE = 0;
    private const int NETLINK_NETFILTER = 12;
    private const int VisitorStackBytes = 256 * 1024;

    /// <summary>
    /// Makes sockets in the network namespace of another process. A socket belongs to the namespace it was made in for
    /// good, whoever uses it from wherever; it keeps the namespace alive until it is closed.
    /// </summary>
    /// <remarks>
    /// Only a thread can enter a namespace, and what it starts there stays there: so it is a thread made for this, which does
    /// nothing inside but make the sockets (no other thread is started, nothing is compiled), and which ends afterwards,
    /// whether it could return or not.
    /// </remarks>
    /// <param name="process">A pidfd, so that it is that process and no other; null for a new namespace that only the sockets keep.</param>
    /// <param name="kinds">One socket each, in this order.</param>
    /// <exception cref="SyscallException">ESRCH: the process has ended. EPERM: no CAP_SYS_ADMIN over the namespace.</exception>
    public static IReadOnlyList<FileDescriptor> OpenSockets(FileDescriptor? process, IReadOnlyList<SocketKind> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        var wanted = kinds.Select(Arguments).ToArray();
        var made = new int[wanted.Length];
        Array.Fill(made, -1);
        var (call, errno) = ("", 0);
        using (var home = OpenForReading("/proc/thread-self/ns/net"))
        {
            // The first call of a function looks it up in the library, which is not for the inside.
            _ = RawSetNamespace(-1, 0);
            _ = RawUnshare(0);
            _ = RawBareSocket(-1, 0, 0);
            var visitor = new Thread(() => (call, errno) = Visit(process?.Number ?? -1, home.Number, wanted, made), VisitorStackBytes) { IsBackground = true };
            visitor.Start();
            visitor.Join();
        }

        if (errno == 0) return [.. made.Select(number => new FileDescriptor(number))];
        foreach (var number in made)
            if (number >= 0) _ = RawClose(number);
        throw new SyscallException(call, errno, process is null ? "a new network namespace" : $"the network namespace behind pidfd {process.Number}");
    }

    // Optimized at once: the tiers of the compiler start threads when they feel like it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (string Call, int Errno) Visit(int process, int home, (int Family, int Type, int Protocol)[] wanted, int[] made)
    {
        if (process >= 0 ? RawSetNamespace(process, CLONE_NEWNET) != 0 : RawUnshare(CLONE_NEWNET) != 0)
            return (process >= 0 ? "setns" : "unshare", Marshal.GetLastSystemError());
        var failed = -1;
        for (var i = 0; i < wanted.Length && failed < 0; i++)
        {
            made[i] = RawBareSocket(wanted[i].Family, wanted[i].Type, wanted[i].Protocol);
            if (made[i] < 0) failed = Marshal.GetLastSystemError();
        }

        if (RawSetNamespace(home, CLONE_NEWNET) != 0) return ("setns", Marshal.GetLastSystemError());
        return failed < 0 ? ("", 0) : ("socket", failed);
    }

    private static (int Family, int Type, int Protocol) Arguments(SocketKind kind) => kind switch
    {
        SocketKind.Tcp => (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        SocketKind.Udp => (AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
        SocketKind.RouteNetlink => (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE),
        SocketKind.NetfilterNetlink => (AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER),
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, null),
    };

    // setns(2) takes a pidfd from Linux 5.8 on; unshare(2). Plain numbers and no stored errno, so that no code stands around the calls.
    [LibraryImport("libc", EntryPoint = "setns")]
    private static partial int RawSetNamespace(int descriptor, int kind);

    [LibraryImport("libc", EntryPoint = "unshare")]
    private static partial int RawUnshare(int kind);

    [LibraryImport("libc", EntryPoint = "socket")]
    private static partial int RawBareSocket(int family, int type, int protocol);
}
