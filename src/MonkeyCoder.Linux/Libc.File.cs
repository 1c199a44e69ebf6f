using System.Runtime.InteropServices;
using System.Text;

namespace MonkeyCoder.Linux;

/// <summary>How <see cref="Libc.TryOpen"/> opens (open(2)); every file is opened close-on-exec and without waiting.</summary>
[Flags]
public enum OpenHow
{
    /// <summary>O_RDONLY</summary>
    Read = 0,
    /// <summary>O_WRONLY</summary>
    Write = 1,
    /// <summary>O_CREAT</summary>
    Create = 0x40,
    /// <summary>O_EXCL</summary>
    New = 0x80,
    /// <summary>O_DIRECTORY of x64; other architectures have another number and get it below.</summary>
    Directory = 0x10000,
}

/// <content>Files by path and descriptor: open(2), statx(2), rename(2), unlink(2), statfs(2), getdents(2).</content>
public static partial class Libc
{
    private const int AT_SYMLINK_NOFOLLOW = 0x100;
    private const uint STATX_BASIC_STATS = 0x7FF;
    private const int X_OK = 1;
    private const int MaxPathBytes = 4096;
    private const int StatFsBytes = 256;

    private static readonly int DirectoryFlag = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000;

    /// <summary>open(2) with O_NONBLOCK, O_NOCTTY and O_CLOEXEC. Returns the file, or null with the errno.</summary>
    public static FileDescriptor? TryOpen(string path, OpenHow how, uint mode, out int errno)
    {
        var flags = (int)(how & ~OpenHow.Directory) | (how.HasFlag(OpenHow.Directory) ? DirectoryFlag : 0);
        while (true)
        {
            var number = RawOpen(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);
            errno = number >= 0 ? 0 : Marshal.GetLastPInvokeError();
            if (number >= 0) return new FileDescriptor(number);
            if (errno != ErrnoName.EINTR) return null;
        }
    }

    /// <summary>statx(2) of a path. Returns 0 or the errno.</summary>
    /// <param name="path">The path.</param>
    /// <param name="followLink">Of the target, where the path is a link.</param>
    /// <param name="status">The answer.</param>
    public static int TryStatus(string path, bool followLink, out FileStatus status)
    {
        Span<byte> buffer = stackalloc byte[FileStatus.StatxBytes];
        var failed = RawStatx(AT_FDCWD, path, followLink ? 0 : AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, buffer) != 0;
        status = failed ? default : FileStatus.FromStatx(buffer);
        return failed ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <summary>statx(2) of an open file.</summary>
    /// <exception cref="SyscallException">ENOMEM.</exception>
    public static FileStatus Status(FileDescriptor file)
    {
        Span<byte> buffer = stackalloc byte[FileStatus.StatxBytes];
        return RawStatxOf(file, "", (int)AT_EMPTY_PATH, STATX_BASIC_STATS, buffer) == 0
            ? FileStatus.FromStatx(buffer)
            : throw Failed("statx", $"descriptor {file.Number}");
    }

    /// <summary>Status of what a path below an open directory leads to. Returns 0 or the errno.</summary>
    public static int TryStatusBelow(FileDescriptor directory, string path, out FileStatus status)
    {
        Span<byte> buffer = stackalloc byte[FileStatus.StatxBytes];
        var failed = RawStatxOf(directory, path, 0, STATX_BASIC_STATS, buffer) != 0;
        status = failed ? default : FileStatus.FromStatx(buffer);
        return failed ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <summary>f_type of statfs(2): the magic number of the filesystem a path is on; 0 where it cannot be told.</summary>
    public static long FileSystemType(string path)
    {
        Span<byte> buffer = stackalloc byte[StatFsBytes];
        return RawStatFs(path, buffer) == 0 ? MemoryMarshal.Read<long>(buffer) : 0;
    }

    /// <summary>Files of every kind on the filesystem a path is on (f_files less f_ffree of statfs(2)); 0 where it does not count them.</summary>
    public static long FilesOnFileSystem(string path)
    {
        // struct statfs has words of eight bytes here: type, bsize, blocks, bfree, bavail, files, ffree.
        Span<byte> buffer = stackalloc byte[StatFsBytes];
        if (RawStatFs(path, buffer) != 0) return 0;
        var words = MemoryMarshal.Cast<byte, long>(buffer);
        return words[5] - words[6];
    }

    /// <summary>ftruncate(2). Returns 0 or the errno.</summary>
    public static int TryTruncate(FileDescriptor file, long length) => Errno(RawTruncate(file, length));

    /// <summary>fchown(2). Returns 0 or the errno.</summary>
    public static int TryChangeOwner(FileDescriptor file, uint userId, uint groupId) => Errno(RawChangeOwnerOf(file, userId, groupId));

    /// <summary>lchown(2): of the link itself, where it is one. Returns 0 or the errno.</summary>
    public static int TryChangeOwner(string path, uint userId, uint groupId) => Errno(RawLchown(path, userId, groupId));

    /// <summary>mkdir(2). Returns 0 or the errno.</summary>
    public static int TryMakeDirectory(string path, uint mode) => Errno(RawMakeDirectory(path, mode));

    /// <summary>rename(2). Returns 0 or the errno.</summary>
    public static int TryRename(string from, string to) => Errno(RawRename(from, to));

    /// <summary>unlink(2). Returns 0 or the errno (EISDIR for a directory).</summary>
    public static int TryUnlink(string path) => Errno(RawUnlink(path));

    /// <summary>access(2) with X_OK, by the real ids of the calling thread.</summary>
    public static bool IsExecutable(string path) => RawAccess(path, X_OK) == 0;

    /// <summary>readlink(2); null where the path is no link.</summary>
    public static string? TryReadLink(string path)
    {
        Span<byte> target = stackalloc byte[MaxPathBytes];
        var count = RawReadLink(path, target, (nuint)target.Length);
        return count < 0 ? null : Encoding.UTF8.GetString(target[..(int)count]);
    }

    /// <summary>realpath(3): absolute and free of links. Returns null with the errno (ENOENT, ELOOP).</summary>
    public static string? TryRealPath(string path, out int errno)
    {
        Span<byte> resolved = stackalloc byte[MaxPathBytes + 1];
        if (RawRealPath(path, resolved) == 0)
        {
            errno = Marshal.GetLastPInvokeError();
            return null;
        }

        errno = 0;
        return Encoding.UTF8.GetString(resolved[..resolved.IndexOf((byte)0)]);
    }

    /// <summary>Names in a directory without <c>.</c> and <c>..</c>, in no order (getdents64(2)).</summary>
    /// <returns>null with the errno.</returns>
    public static List<string>? TryListNames(string path, out int errno)
    {
        using var directory = TryOpen(path, OpenHow.Read | OpenHow.Directory, 0, out errno);
        if (directory is null) return null;
        var names = new List<string>();
        Span<byte> buffer = stackalloc byte[16 * 1024];
        while (true)
        {
            var count = (int)RawListEntries(directory, buffer, (nuint)buffer.Length);
            if (count == 0) return names;
            if (count < 0)
            {
                errno = Marshal.GetLastPInvokeError();
                return null;
            }

            // struct linux_dirent64: inode 8, offset 8, length of this record 2, type 1, then the name and a NUL.
            for (var rest = buffer[..count]; !rest.IsEmpty; rest = rest[MemoryMarshal.Read<ushort>(rest[16..])..])
            {
                var name = rest[19..MemoryMarshal.Read<ushort>(rest[16..])];
                name = name[..name.IndexOf((byte)0)];
                if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8)) names.Add(Encoding.UTF8.GetString(name));
            }
        }
    }

    private static int Errno(int result) => result == 0 ? 0 : Marshal.GetLastPInvokeError();

    // statx(2), statfs(2), ftruncate(2), chown(2), mkdir(2), rename(2), unlink(2), access(2), readlink(2), realpath(3), getdents64(2)
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawStatx(int directory, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawStatxOf(FileDescriptor file, string path, int flags, uint mask, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "statfs", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawStatFs(string path, Span<byte> status);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int RawTruncate(FileDescriptor file, long length);

    [LibraryImport("libc", EntryPoint = "fchown", SetLastError = true)]
    private static partial int RawChangeOwnerOf(FileDescriptor file, uint userId, uint groupId);

    [LibraryImport("libc", EntryPoint = "mkdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawMakeDirectory(string path, uint mode);

    [LibraryImport("libc", EntryPoint = "rename", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawRename(string from, string to);

    [LibraryImport("libc", EntryPoint = "unlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawUnlink(string path);

    [LibraryImport("libc", EntryPoint = "access", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawAccess(string path, int mode);

    [LibraryImport("libc", EntryPoint = "readlink", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RawReadLink(string path, Span<byte> target, nuint length);

    [LibraryImport("libc", EntryPoint = "realpath", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint RawRealPath(string path, Span<byte> resolved);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    private static partial nint RawListEntries(FileDescriptor directory, Span<byte> buffer, nuint length);
}
