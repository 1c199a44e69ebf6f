using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <summary>A system call that waits for whoever holds the listener of its filter (struct seccomp_notif).</summary>
/// <param name="Id">What it is answered by.</param>
/// <param name="ThreadId">Thread that makes it, as the holder sees it.</param>
/// <param name="Number">Number of the call.</param>
/// <param name="First">Its first argument.</param>
/// <param name="Second">Its second argument.</param>
/// <param name="Third">Its third argument.</param>
public readonly record struct WaitingCall(ulong Id, int ThreadId, int Number, ulong First, ulong Second, ulong Third);

/// <content>seccomp_unotify(2): system calls that another process answers.</content>
public static partial class Libc
{
    private const nuint SECCOMP_FILTER_FLAG_NEW_LISTENER = 1 << 3;

    // _IOWR and _IOW of '!', with the sizes of seccomp_notif, seccomp_notif_resp and seccomp_notif_addfd.
    private const nuint SECCOMP_IOCTL_NOTIF_RECV = 0xC0502100;
    private const nuint SECCOMP_IOCTL_NOTIF_SEND = 0xC0182101;
    private const nuint SECCOMP_IOCTL_NOTIF_ADDFD = 0x40182103;
    private const int NotificationBytes = 80;
    private const int AnswerBytes = 24;
    private const uint SECCOMP_USER_NOTIF_FLAG_CONTINUE = 1;
    private const uint SECCOMP_ADDFD_FLAG_SEND = 2;

    /// <summary>Number of socket(2).</summary>
    public static readonly int SocketCallNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 198 : 41;

    /// <summary>Number of connect(2).</summary>
    public static readonly int ConnectCallNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 203 : 42;

    /// <summary>As <see cref="InstallFilter"/>, for a filter with calls that are answered through the descriptor.</summary>
    /// <exception cref="SyscallException">EINVAL, EACCES; EBUSY: an outer filter has a listener already.</exception>
    public static FileDescriptor InstallNotifyingFilter(ReadOnlySpan<byte> program)
    {
        var number = TryInstallFilter(program, SECCOMP_FILTER_FLAG_NEW_LISTENER);
        return number >= 0 ? new FileDescriptor((int)number) : throw Failed("seccomp", "a listener of this thread");
    }

    /// <summary>Takes the next call that waits. Null where the caller was killed meanwhile, or there is none (see errno).</summary>
    public static WaitingCall? TryTakeCall(FileDescriptor listener, out int errno)
    {
        Span<byte> bytes = stackalloc byte[NotificationBytes];
        bytes.Clear();
        errno = RawControlNotify(listener, SECCOMP_IOCTL_NOTIF_RECV, bytes) == 0 ? 0 : Marshal.GetLastPInvokeError();
        if (errno != 0) return null;
        // id, pid, flags, then struct seccomp_data: nr, arch, instruction_pointer, args[6].
        return new WaitingCall(
            BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[16..]), Argument(bytes, 0), Argument(bytes, 1), Argument(bytes, 2));

        static ulong Argument(ReadOnlySpan<byte> bytes, int index) => BinaryPrimitives.ReadUInt64LittleEndian(bytes[(32 + (8 * index))..]);
    }

    /// <summary>The call returns without having been made: 0, or -1 with the errno.</summary>
    /// <returns>0, or ENOENT where the caller is gone.</returns>
    public static int TryAnswerCall(FileDescriptor listener, ulong id, int errno) => Answer(listener, id, -errno, 0);

    /// <summary>The kernel makes the call; what it decides on may have changed since it was looked at.</summary>
    public static int TryContinueCall(FileDescriptor listener, ulong id) => Answer(listener, id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);

    /// <summary>The call returns a copy of a descriptor, made for the caller.</summary>
    /// <returns>0, ENOENT where the caller is gone, EMFILE where it has no room.</returns>
    public static int TryAnswerCallWith(FileDescriptor listener, ulong id, FileDescriptor given, bool closeOnExec)
    {
        ArgumentNullException.ThrowIfNull(given);
        Span<byte> bytes = stackalloc byte[AnswerBytes];
        // id, flags, srcfd, newfd, newfd_flags.
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, id);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], SECCOMP_ADDFD_FLAG_SEND);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[12..], given.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[16..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[20..], closeOnExec ? O_CLOEXEC : 0);
        return RawControlNotify(listener, SECCOMP_IOCTL_NOTIF_ADDFD, bytes) >= 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    private static int Answer(FileDescriptor listener, ulong id, int error, uint flags)
    {
        Span<byte> bytes = stackalloc byte[AnswerBytes];
        // id, val, error, flags.
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, id);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], 0);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[16..], error);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[20..], flags);
        return RawControlNotify(listener, SECCOMP_IOCTL_NOTIF_SEND, bytes) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    // ioctl(2)
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int RawControlNotify(FileDescriptor listener, nuint request, Span<byte> argument);
}
