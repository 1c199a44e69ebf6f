using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>process_vm_readv(2).</content>
public static partial class Libc
{
    /// <summary>Reads memory of another process of the same user. Returns 0 or the errno (EPERM, ESRCH, EFAULT: not all of it is there).</summary>
    public static int TryReadMemory(int threadId, ulong address, Span<byte> buffer)
    {
        var copy = GC.AllocateUninitializedArray<byte>(buffer.Length, pinned: true);
        var local = new MemoryPart { Start = Marshal.UnsafeAddrOfPinnedArrayElement(copy, 0), Length = (nuint)copy.Length };
        var remote = new MemoryPart { Start = (nint)address, Length = (nuint)copy.Length };
        var count = RawReadMemory(threadId, in local, 1, in remote, 1, 0);
        if (count < 0) return Marshal.GetLastPInvokeError();
        if (count < buffer.Length) return ErrnoName.EFAULT;
        copy.CopyTo(buffer);
        return 0;
    }

    /// <summary>Whether this process may read memory at all, which filters of containers may refuse.</summary>
    public static bool CanReadMemory()
    {
        var own = GC.AllocateArray<byte>(1, pinned: true);
        return TryReadMemory(ProcessId, (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(own, 0), stackalloc byte[1]) == 0;
    }

    // struct iovec
    [StructLayout(LayoutKind.Sequential)]
    private struct MemoryPart
    {
        public nint Start;
        public nuint Length;
    }

    // process_vm_readv(2)
    [LibraryImport("libc", EntryPoint = "process_vm_readv", SetLastError = true)]
    private static partial nint RawReadMemory(int pid, in MemoryPart local, nuint localCount, in MemoryPart remote, nuint remoteCount, nuint flags);
}
