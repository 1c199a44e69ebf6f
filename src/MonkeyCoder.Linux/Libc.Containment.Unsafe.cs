using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>clone(2) into a new user namespace, and the system calls that the new process makes there.</content>
public static partial class Libc
{
    // <sched.h>, <linux/close_range.h>, <fcntl.h>; the same on x64 and arm64.
    private const nuint CLONE_PIDFD = 0x1000;
    private const nuint CLONE_PARENT = 0x8000;
    private const nuint CLONE_NEWUSER = 0x10000000;
    private const nuint CLONE_NEWPID = 0x20000000;
    private const nuint SIGCHLD = 17;
    private const int O_CLOEXEC_FLAG = 0x80000;

    // Numbers of syscalls(2) on x64; the launcher that needs them runs on x64 only, as SyscallNumbers says.
    private const nint ReadNumber = 0;
    private const nint WriteNumber = 1;
    private const nint CloneNumber = 56;
    private const nint ExitGroupNumber = 231;
    private const nint Dup3Number = 292;
    private const nint CloseRangeNumber = 436;

    private const int StatusTarget = 4;
    private const int FirstClosed = StatusTarget + 1;
    private const int FailedExitCode = 70;

    /// <summary>Bytes that the process writes to its status socket where a call fails: which one, and its errno, 4 bytes each.</summary>
    public const int StatusBytes = 8;

    /// <summary>
    /// Starts a process in a new user and a new pid namespace, as a child of the caller's parent. It waits for one byte on its status
    /// socket, makes the system calls of the image, the last of which is an exec, and closes the status socket with that. Where a
    /// call fails it says so on the socket and ends. The other namespaces it makes itself, once it has ids: some belong to who makes them.
    /// </summary>
    /// <remarks>
    /// Only for a program compiled ahead of time whose calling thread is the only one that allocates: the process is a copy of that
    /// thread alone, and what it runs until the exec is one loop over unmanaged memory without allocation.
    /// </remarks>
    /// <param name="image">Rendered by <see cref="SystemCallProgram"/>.</param>
    /// <param name="relocations">What came with it.</param>
    /// <param name="count">Calls in it.</param>
    /// <param name="descriptors">What the process has as 0, 1, 2 and 3. Their own numbers are above 4.</param>
    /// <param name="status">Its end of the status socket; number above 4.</param>
    /// <param name="pidfd">The process.</param>
    /// <returns>Its pid.</returns>
    /// <exception cref="SyscallException">EPERM, EAGAIN, ENOSPC: a limit of namespaces.</exception>
    public static unsafe int StartInUserNamespace(
        ReadOnlySpan<byte> image, ReadOnlySpan<int> relocations, int count, ReadOnlySpan<int> descriptors, int status, out FileDescriptor pidfd)
    {
        if (descriptors.Length != StatusTarget || (long)count * SystemCallProgram.CallBytes > image.Length)
            throw new ArgumentException("A program has its calls at its start, and four descriptors.");
        // SAFETY: the memory is this call's own, as long as the image, and every relocation is checked to lie in it and to lead into it.
        var memory = (byte*)NativeMemory.AlignedAlloc((nuint)image.Length, 16);
        try
        {
            image.CopyTo(new Span<byte>(memory, image.Length));
            foreach (var at in relocations)
            {
                if (at < 0 || at > image.Length - sizeof(long)) throw new ArgumentException("A relocation lies outside the image.");
                var place = (long*)(memory + at);
                if (*place < 0 || *place >= image.Length) throw new ArgumentException("A relocation leads outside the image.");
                *place += (long)memory;
            }

            fixed (int* sources = descriptors)
            {
                var pidfdNumber = -1;
                // What the new process calls is called here once before: the first call of a function may look it up.
                _ = RawCall(CloseRangeNumber, int.MaxValue, int.MaxValue, 0, 0, 0, 0);
                _ = Marshal.GetLastSystemError();
                const nuint Flags = CLONE_NEWUSER | CLONE_NEWPID | CLONE_PARENT | CLONE_PIDFD | SIGCHLD;
                var pid = RawCall(CloneNumber, (nint)Flags, 0, (nint)(&pidfdNumber), 0, 0, 0);
                if (pid == 0) Carry(memory, count, sources, status);
                if (pid < 0) throw new SyscallException("clone", Marshal.GetLastSystemError(), "new namespaces");
                pidfd = new FileDescriptor(pidfdNumber);
                return (int)pid;
            }
        }
        finally
        {
            NativeMemory.AlignedFree(memory);
        }
    }

    /// <summary>The life of the new process up to its exec. Does not return.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static unsafe void Carry(byte* memory, int count, int* sources, int status)
    {
        // SAFETY: this runs in a copy of the caller's memory, of which it is the only thread; it allocates nothing and calls nothing
        // but the two functions that have been called before.
        var failure = stackalloc int[2];
        for (var target = 0; target < StatusTarget; target++)
            if (RawCall(Dup3Number, sources[target], target, 0, 0, 0, 0) < 0) Exit();
        if (RawCall(Dup3Number, status, StatusTarget, O_CLOEXEC_FLAG, 0, 0, 0) < 0) Exit();
        if (RawCall(CloseRangeNumber, FirstClosed, int.MaxValue, 0, 0, 0, 0) < 0) Exit();
        // Nothing where whoever was to map its ids has gone.
        if (RawCall(ReadNumber, StatusTarget, (nint)failure, 1, 0, 0, 0) != 1) Exit();

        nint kept = 0;
        var errno = 0;
        for (var i = 0; i < count; i++)
        {
            var call = (nint*)(memory + (i * SystemCallProgram.CallBytes));
            var rule = (int*)(call + 7);
            if (rule[0] != SystemCallProgram.Always && (rule[0] == SystemCallProgram.AfterSuccess ? errno != 0 : errno != rule[0])) continue;
            var keptArgument = rule[3] & 0xff;
            if (keptArgument < 6) call[1 + keptArgument] = kept;
            var result = RawCall(call[0], call[1], call[2], call[3], call[4], call[5], call[6]);
            errno = result == -1 ? Marshal.GetLastSystemError() : 0;
            if (errno == 0)
            {
                if ((rule[3] & SystemCallProgram.KeepResult) != 0) kept = result;
                continue;
            }

            if (errno == rule[1] || errno == rule[2]) continue;
            failure[0] = i;
            failure[1] = errno;
            _ = RawCall(WriteNumber, StatusTarget, (nint)failure, StatusBytes, 0, 0, 0);
            Exit();
        }

        Exit();
    }

    private static void Exit() => _ = RawCall(ExitGroupNumber, FailedExitCode, 0, 0, 0, 0, 0);

    // syscall(2). Without a transition: in a copy of a process there is no collector to wait for.
    [LibraryImport("libc", EntryPoint = "syscall")]
    [SuppressGCTransition]
    private static partial nint RawCall(nint number, nint first, nint second, nint third, nint fourth, nint fifth, nint sixth);
}
