using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>Leaving the host's namespaces and its root: unshare(2), pivot_root(2), sethostname(2).</content>
public static partial class Libc
{
    private const int CLONE_NEWNS = 0x20000;
    private const int CLONE_NEWUTS = 0x04000000;
    private const int CLONE_NEWIPC = 0x08000000;
    private const ulong MS_REC = 0x4000;

    // Numbers of syscalls(2): x64, arm64.
    private static readonly nint PivotRootNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 41 : 155;

    /// <summary>
    /// Gives the calling thread, and what it executes, mount, network, IPC and UTS namespaces of its own. No mount made from here
    /// on reaches another namespace.
    /// </summary>
    /// <exception cref="SyscallException">EPERM.</exception>
    public static void LeaveHostNamespaces()
    {
        if (RawUnshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS) != 0) throw Failed("unshare", "this thread");
        Mount("", "/", "", MS_REC | MS_PRIVATE, null);
    }

    /// <summary>Makes a mount point the root of this mount namespace, and takes everything else out of it.</summary>
    /// <exception cref="SyscallException">EINVAL: no mount point.</exception>
    public static void PivotRoot(string directory)
    {
        if (RawChangeDirectory(directory) != 0) throw Failed("chdir", directory);
        // The old root is mounted over the new one, and is what "." names then: pivot_root(2), NOTES.
        if (RawPivotRoot(PivotRootNumber, ".", ".") != 0) throw Failed("pivot_root", directory);
        if (TryUnmount(".", MNT_DETACH) is not 0 and var errno) throw new SyscallException("umount2", errno, "the old root");
        if (RawChangeDirectory("/") != 0) throw Failed("chdir", "/");
    }

    /// <summary>sethostname(2).</summary>
    /// <exception cref="SyscallException">EPERM.</exception>
    public static void SetHostName(string name)
    {
        if (RawSetHostName(name, (nuint)name.Length) != 0) throw Failed("sethostname", name);
    }

    // pivot_root(2), sethostname(2)
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RawPivotRoot(nint number, string created, string old);

    [LibraryImport("libc", EntryPoint = "sethostname", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawSetHostName(string name, nuint length);
}
