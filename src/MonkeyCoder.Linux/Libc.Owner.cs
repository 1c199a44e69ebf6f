using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>Files by path: who owns them, who holds locks on them, opening them: chown(2), geteuid(2), flock(2), open(2), rmdir(2).</content>
public static partial class Libc
{
    private const int O_CREAT = 0x40;
    private const int O_RDONLY = 0;
    private const int O_WRONLY = 1;
    private const int LOCK_EX = 2;
    private static readonly int NoFollowFlag = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x8000 : 0x20000;
    private const int LOCK_NB = 4;

    /// <summary>Effective user id of this process; 0 is root.</summary>
    public static uint EffectiveUserId => RawGetEuid();

    /// <summary>lchown(2): a symbolic link is not followed.</summary>
    /// <exception cref="SyscallException">EPERM, ENOENT.</exception>
    public static void ChangeOwner(string path, uint user, uint group)
    {
        if (RawLchown(path, user, group) != 0) throw Failed("lchown", path);
    }

    /// <summary>
    /// Opens (creates, mode 0600) a file and takes flock(LOCK_EX) on it; null where another process holds it. The lock
    /// goes with the descriptor, so with the process too.
    /// </summary>
    /// <exception cref="SyscallException">The file cannot be opened.</exception>
    public static FileDescriptor? TryLockFile(string path)
    {
        var file = Open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0x180);
        if (RawFlock(file, LOCK_EX | LOCK_NB) == 0) return file;
        var errno = Marshal.GetLastPInvokeError();
        file.Dispose();
        return errno == ErrnoName.EAGAIN ? null : throw new SyscallException("flock", errno, path);
    }

    /// <summary>open(2) for reading, close-on-exec; directories and namespace files too.</summary>
    /// <exception cref="SyscallException">ENOENT, EACCES.</exception>
    public static FileDescriptor OpenForReading(string path) => Open(path, O_RDONLY | O_CLOEXEC, 0);

    /// <summary>open(2) for writing to a file that exists, close-on-exec; nothing is truncated.</summary>
    /// <exception cref="SyscallException">ENOENT, EACCES.</exception>
    public static FileDescriptor OpenForWriting(string path) => Open(path, O_WRONLY | O_CLOEXEC, 0);

    /// <summary>open(2) for reading and writing of a file that exists, close-on-exec.</summary>
    /// <exception cref="SyscallException">ENOENT, EACCES.</exception>
    public static FileDescriptor OpenForBoth(string path) => Open(path, O_RDWR | O_CLOEXEC, 0);

    /// <summary>open(2) of the place itself, to be reached through the descriptor whatever becomes of the path: O_PATH, O_NOFOLLOW.</summary>
    /// <exception cref="SyscallException">ENOENT.</exception>
    public static FileDescriptor OpenPlace(string path) => Open(path, O_PATH | NoFollowFlag | O_CLOEXEC, 0);

    /// <summary>pread(2). Returns bytes read, 0 at the end, or the negated errno.</summary>
    public static int TryReadAt(FileDescriptor file, Span<byte> buffer, long offset)
    {
        var count = RawPread(file, buffer, (nuint)buffer.Length, offset);
        return count >= 0 ? (int)count : -Marshal.GetLastPInvokeError();
    }

    /// <summary>link(2). Returns 0 or the errno (EEXIST: the new name is taken).</summary>
    public static int TryLink(string existing, string created) =>
        RawLink(existing, created) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>rmdir(2). Returns 0 or the errno (ENOENT, EBUSY, ENOTEMPTY).</summary>
    public static int TryRemoveDirectory(string path) => RawRmdir(path) == 0 ? 0 : Marshal.GetLastPInvokeError();

    /// <summary>fsync(2).</summary>
    /// <exception cref="SyscallException">EIO, ENOSPC.</exception>
    public static void SyncFile(FileDescriptor file, string subject)
    {
        if (RawFsync(file) != 0) throw Failed("fsync", subject);
    }

    private static FileDescriptor Open(string path, int flags, uint mode)
    {
        var number = RawOpen(path, flags, mode);
        return number >= 0 ? new FileDescriptor(number) : throw Failed("open", path);
    }

    // chown(2), getuid(2), flock(2), open(2), link(2), rmdir(2), pread(2), fsync(2)
    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawLchown(string path, uint user, uint group);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint RawGetEuid();

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int RawFlock(FileDescriptor file, int operation);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawOpen(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawRmdir(string path);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint RawPread(FileDescriptor file, Span<byte> buffer, nuint count, long offset);

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawLink(string existing, string created);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int RawFsync(FileDescriptor file);
}
