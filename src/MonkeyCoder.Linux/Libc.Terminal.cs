using System.Runtime.InteropServices;

namespace MonkeyCoder.Linux;

/// <content>Settings of a terminal: termios(3), ioctl_tty(2).</content>
public static partial class Libc
{
    private const int ApplyAfterOutput = 1; // TCSADRAIN, the same on x64 and arm64.
    private const ulong GetWindowSize = 0x5413; // TIOCGWINSZ, the same on x64 and arm64.

    /// <summary>Whether a descriptor is a terminal: isatty(3).</summary>
    public static bool IsTerminal(int descriptor) => RawIsATty(descriptor) == 1;

    /// <summary>Settings of a terminal: tcgetattr(3).</summary>
    /// <exception cref="SyscallException">ENOTTY: it is none.</exception>
    public static TerminalSettings GetTerminalSettings(int descriptor)
    {
        var bytes = new byte[TerminalSettings.Bytes];
        return RawTcGetAttr(descriptor, bytes) == 0 ? new TerminalSettings(bytes) : throw Failed("tcgetattr", $"fd {descriptor}");
    }

    /// <summary>Changes the settings once all output is written: tcsetattr(3) with TCSADRAIN.</summary>
    /// <exception cref="SyscallException">ENOTTY: it is no terminal.</exception>
    public static void SetTerminalSettings(int descriptor, TerminalSettings settings)
    {
        if (RawTcSetAttr(descriptor, ApplyAfterOutput, settings.Content) != 0) throw Failed("tcsetattr", $"fd {descriptor}");
    }

    /// <summary>Columns and rows of a terminal: TIOCGWINSZ. Zeros where it has no size or is none.</summary>
    public static (int Columns, int Rows) GetTerminalSize(int descriptor)
    {
        // struct winsize: rows, columns, and two sizes in pixels.
        var size = new ushort[4];
        return RawWindowSize(descriptor, GetWindowSize, size) == 0 ? (size[1], size[0]) : (0, 0);
    }

    internal static void MakeRaw(byte[] termios) => RawCfMakeRaw(termios);

    [LibraryImport("libc", EntryPoint = "isatty", SetLastError = true)]
    private static partial int RawIsATty(int descriptor);

    [LibraryImport("libc", EntryPoint = "tcgetattr", SetLastError = true)]
    private static partial int RawTcGetAttr(int descriptor, [Out] byte[] termios);

    [LibraryImport("libc", EntryPoint = "tcsetattr", SetLastError = true)]
    private static partial int RawTcSetAttr(int descriptor, int when, byte[] termios);

    [LibraryImport("libc", EntryPoint = "cfmakeraw")]
    private static partial void RawCfMakeRaw([In, Out] byte[] termios);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int RawWindowSize(int descriptor, ulong request, [Out] ushort[] size);
}
