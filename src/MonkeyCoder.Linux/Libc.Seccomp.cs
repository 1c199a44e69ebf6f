using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>seccomp(2), and prctl(2) PR_SET_NO_NEW_PRIVS.</content>
public static partial class Libc
{
    private const int PR_SET_NO_NEW_PRIVS = 38;
    private const int PR_GET_NO_NEW_PRIVS = 39;
    private const uint SECCOMP_SET_MODE_FILTER = 1;
    private const int FilterInstructionBytes = 8;
    private static readonly nint SeccompNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 277 : 317;

    /// <summary>From now on no exec of the calling thread gives more rights than it has.</summary>
    /// <exception cref="SyscallException">It did not take.</exception>
    public static void ForbidNewPrivileges()
    {
        if (RawPrctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || RawPrctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
            throw Failed("prctl(PR_SET_NO_NEW_PRIVS)", "this thread");
    }

    /// <summary>Installs a filter on the calling thread and what it starts or executes, for ever.</summary>
    /// <param name="program">Instructions of 8 bytes each: struct sock_filter.</param>
    /// <exception cref="SyscallException">EINVAL: no valid program; EACCES: new privileges are not forbidden.</exception>
    public static void InstallFilter(ReadOnlySpan<byte> program)
    {
        if (TryInstallFilter(program, flags: 0) != 0) throw Failed("seccomp", "this thread");
    }

    private static nint TryInstallFilter(ReadOnlySpan<byte> program, nuint flags)
    {
        var pinned = GCHandle.Alloc(program.ToArray(), GCHandleType.Pinned);
        try
        {
            var description = new FilterProgram { Length = (ushort)(program.Length / FilterInstructionBytes), Instructions = pinned.AddrOfPinnedObject() };
            return RawSeccomp(SeccompNumber, SECCOMP_SET_MODE_FILTER, flags, in description);
        }
        finally
        {
            pinned.Free();
        }
    }

    // struct sock_fprog
    [StructLayout(LayoutKind.Sequential)]
    private struct FilterProgram
    {
        public ushort Length;
        public nint Instructions;
    }

    // seccomp(2)
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint RawSeccomp(nint number, nuint operation, nuint flags, in FilterProgram program);
}
