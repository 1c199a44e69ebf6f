using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <summary>Bits of an inotify(7) event.</summary>
[Flags]
public enum InotifyMask : uint
{
    /// <summary>IN_MODIFY</summary>
    Modified = 0x2,
    /// <summary>IN_ATTRIB</summary>
    Attributes = 0x4,
    /// <summary>IN_MOVED_FROM</summary>
    MovedFrom = 0x40,
    /// <summary>IN_MOVED_TO</summary>
    MovedTo = 0x80,
    /// <summary>IN_CREATE</summary>
    Created = 0x100,
    /// <summary>IN_DELETE</summary>
    Deleted = 0x200,
    /// <summary>IN_DELETE_SELF</summary>
    SelfDeleted = 0x400,
    /// <summary>IN_MOVE_SELF</summary>
    SelfMoved = 0x800,
    /// <summary>IN_Q_OVERFLOW: events were lost.</summary>
    Overflow = 0x4000,
    /// <summary>IN_IGNORED: the watch is gone.</summary>
    Ignored = 0x8000,
    /// <summary>IN_ONLYDIR: refuse what is no directory.</summary>
    OnlyDirectory = 0x0100_0000,
    /// <summary>IN_ISDIR: the event is about a directory.</summary>
    IsDirectory = 0x4000_0000,
}

/// <content>inotify(7).</content>
public static partial class Libc
{
    private const int IN_CLOEXEC = 0x80000;
    private const int IN_NONBLOCK = 0x800;

    /// <summary>A queue of file events; reading it never waits.</summary>
    /// <exception cref="SyscallException">EMFILE: fs.inotify.max_user_instances reached.</exception>
    public static FileDescriptor Inotify()
    {
        var number = RawInotifyInit(IN_NONBLOCK | IN_CLOEXEC);
        return number >= 0 ? new FileDescriptor(number) : throw Failed("inotify_init1", "a new queue");
    }

    /// <summary>Adds or changes a watch. Returns its number, or the negated errno (ENOSPC: max_user_watches reached).</summary>
    public static int TryWatch(FileDescriptor queue, string path, InotifyMask mask)
    {
        var watch = RawInotifyAdd(queue, path, (uint)mask);
        return watch >= 0 ? watch : -Marshal.GetLastPInvokeError();
    }

    /// <summary>Ends a watch; it may be gone already.</summary>
    public static void Unwatch(FileDescriptor queue, int watch) => _ = RawInotifyRemove(queue, watch);

    // inotify_init1(2), inotify_add_watch(2), inotify_rm_watch(2)
    [LibraryImport("libc", EntryPoint = "inotify_init1", SetLastError = true)]
    private static partial int RawInotifyInit(int flags);

    [LibraryImport("libc", EntryPoint = "inotify_add_watch", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RawInotifyAdd(FileDescriptor queue, string path, uint mask);

    [LibraryImport("libc", EntryPoint = "inotify_rm_watch", SetLastError = true)]
    private static partial int RawInotifyRemove(FileDescriptor queue, int watch);
}
