using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>chroot(2), execve(2), setpriority(2), mknod(2): becoming another program somewhere else.</content>
public static partial class Libc
{
    private const int PRIO_PROCESS = 0;
    private const uint S_IFCHR = 0x2000;

    /// <summary>Makes a directory the root of this process, and the place where it is.</summary>
    /// <exception cref="SyscallException">EPERM: no CAP_SYS_CHROOT.</exception>
    public static void ChangeRoot(string directory)
    {
        if (RawChangeDirectory(directory) != 0) throw Failed("chdir", directory);
        if (RawChangeRoot(".") != 0) throw Failed("chroot", directory);
        if (RawChangeDirectory("/") != 0) throw Failed("chdir", "/");
    }

    /// <summary>Replaces this process by a program; comes back only by failing. The calling thread's rights are the program's.</summary>
    /// <exception cref="SyscallException">ENOENT, EACCES.</exception>
    public static void Execute(string path, IReadOnlyList<string> arguments, IReadOnlyList<string> environment)
    {
        RefuseNul(path);
        _ = RawExecute(path, Vector(arguments), Vector(environment));
        throw Failed("execve", path);
    }

    /// <summary>Nice value of this process, 1 to 19: the higher, the later its turn.</summary>
    /// <exception cref="SyscallException">EACCES: below what it is.</exception>
    public static void SetNice(int value)
    {
        if (RawSetPriority(PRIO_PROCESS, 0, value) != 0) throw Failed("setpriority", "this process");
    }

    /// <summary>Makes a character device, mode 0666 less the umask. Returns 0 or the errno (EPERM: no CAP_MKNOD, EEXIST).</summary>
    public static int TryMakeDevice(string path, int major, int minor) =>
        RawMakeNode(path, S_IFCHR | 0x1B6, ((ulong)(uint)major << 8) | (uint)minor) == 0 ? 0 : Marshal.GetLastPInvokeError();

    // chdir(2), chroot(2), execve(2), setpriority(2), mknod(2)
    [LibraryImport("libc", EntryPoint = "chdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawChangeDirectory(string path);

    [LibraryImport("libc", EntryPoint = "chroot", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawChangeRoot(string path);

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawExecute(string path, string?[] arguments, string?[] environment);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    private static partial int RawSetPriority(int which, uint who, int value);

    [LibraryImport("libc", EntryPoint = "mknod", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawMakeNode(string path, uint mode, ulong device);
}
