using System.Runtime.InteropServices;
using System.Text;

namespace MonkeyCoder.Linux;

/// <content>Pseudoterminals: posix_openpt(3), ptsname(3), TIOCSWINSZ of ioctl_tty(2).</content>
public static partial class Libc
{
    private const int O_NOCTTY = 0x100;
    private const nuint TIOCSWINSZ = 0x5414;

    /// <summary>A new terminal: our side, and the path of the other side.</summary>
    /// <exception cref="SyscallException">ENOSPC: no terminal left; ENOENT: no /dev/ptmx.</exception>
    public static (FileDescriptor Master, string TerminalPath) OpenTerminal()
    {
        var number = RawOpenTerminal(O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (number < 0) throw Failed("posix_openpt", "/dev/ptmx");
        var master = new FileDescriptor(number);
        try
        {
            if (RawGrant(master) != 0) throw Failed("grantpt", "/dev/ptmx");
            if (RawUnlock(master) != 0) throw Failed("unlockpt", "/dev/ptmx");
            Span<byte> name = stackalloc byte[64];
            var errno = RawTerminalName(master, name, (nuint)name.Length);
            if (errno != 0) throw new SyscallException("ptsname_r", errno, "/dev/ptmx");
            return (master, Encoding.UTF8.GetString(name[..name.IndexOf((byte)0)]));
        }
        catch
        {
            master.Dispose();
            throw;
        }
    }

    /// <summary>Sets the size in characters; the foreground process group gets SIGWINCH.</summary>
    /// <exception cref="SyscallException">ENOTTY, EIO.</exception>
    public static void SetTerminalSize(FileDescriptor terminal, int columns, int rows)
    {
        // struct winsize: rows, columns, and two unused sizes in pixels.
        Span<ushort> size = [ushort.CreateSaturating(rows), ushort.CreateSaturating(columns), 0, 0];
        if (RawSetWindowSize(terminal, TIOCSWINSZ, size) != 0) throw Failed("ioctl(TIOCSWINSZ)", $"descriptor {terminal.Number}");
    }

    // posix_openpt(3), grantpt(3), unlockpt(3), ptsname_r(3), ioctl_tty(2)
    [LibraryImport("libc", EntryPoint = "posix_openpt", SetLastError = true)]
    private static partial int RawOpenTerminal(int flags);

    [LibraryImport("libc", EntryPoint = "grantpt", SetLastError = true)]
    private static partial int RawGrant(FileDescriptor master);

    [LibraryImport("libc", EntryPoint = "unlockpt", SetLastError = true)]
    private static partial int RawUnlock(FileDescriptor master);

    [LibraryImport("libc", EntryPoint = "ptsname_r")]
    private static partial int RawTerminalName(FileDescriptor master, Span<byte> name, nuint length);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int RawSetWindowSize(FileDescriptor descriptor, nuint request, ReadOnlySpan<ushort> size);
}
