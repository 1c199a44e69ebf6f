using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace MonkeyCoder.Linux;

/// <content>Loop devices (loop(4), &lt;linux/loop.h&gt;): a file as a block device. Numbers are the same on x64 and arm64.</content>
public static partial class Libc
{
    private const uint LOOP_CLR_FD = 0x4C01;
    private const uint LOOP_CONFIGURE = 0x4C0A;
    private const uint LOOP_CTL_GET_FREE = 0x4C82;
    private const uint LO_FLAGS_AUTOCLEAR = 4;
    private const uint LO_FLAGS_DIRECT_IO = 16;
    private const int LoopNameBytes = 64;
    private const int LoopAttempts = 64;

    // struct loop_config: fd, block_size, struct loop_info64 (232 bytes), 8 reserved words.
    internal const int LoopConfigBytes = 304;
    private const int LoopConfigFlagsOffset = 8 + 52;
    private const int LoopConfigNameOffset = 8 + 56;

    /// <summary>
    /// Attaches <paramref name="file"/> to a free loop device with 4096-byte sectors, direct I/O where the file's own
    /// file system can, and autoclear: the device lets go of the file when its last user (the returned descriptor, a
    /// mount) is gone. Keep the descriptor until the device is mounted.
    /// </summary>
    /// <returns>Path of the device, e.g. <c>/dev/loop3</c>, and a descriptor that keeps it.</returns>
    /// <exception cref="SyscallException">No loop driver, no free device, or the file cannot back one.</exception>
    public static (string Device, FileDescriptor Keeper) AttachLoop(string file)
    {
        using var backing = Open(file, O_RDWR | O_CLOEXEC, 0);
        using var control = Open("/dev/loop-control", O_RDWR | O_CLOEXEC, 0);
        for (var attempt = 0; attempt < LoopAttempts; attempt++)
        {
            var number = RawIoctl(control, LOOP_CTL_GET_FREE, []);
            if (number < 0) throw Failed("ioctl LOOP_CTL_GET_FREE", "/dev/loop-control");
            var device = $"/dev/loop{number}";
            var keeper = Open(device, O_RDWR | O_CLOEXEC, 0);
            var errno = ConfigureLoop(keeper, backing, file, LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO);
            if (errno == ErrnoName.EINVAL) errno = ConfigureLoop(keeper, backing, file, LO_FLAGS_AUTOCLEAR);
            if (errno == 0) return (device, keeper);
            keeper.Dispose();

            // EBUSY: another process took this device between the two calls.
            if (errno != ErrnoName.EBUSY) throw new SyscallException("ioctl LOOP_CONFIGURE", errno, $"{device} for {file}");
        }

        throw new SyscallException("ioctl LOOP_CONFIGURE", ErrnoName.EBUSY, file);
    }

    /// <summary>ioctl(LOOP_CLR_FD): lets go of the file, now or when the last user is gone. Returns 0 or the errno (ENXIO: it has none).</summary>
    public static int TryDetachLoop(string device)
    {
        using var descriptor = Open(device, O_RDWR | O_CLOEXEC, 0);
        return RawIoctl(descriptor, LOOP_CLR_FD, []) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    private static int ConfigureLoop(FileDescriptor device, FileDescriptor backing, string file, uint flags)
    {
        Span<byte> config = stackalloc byte[LoopConfigBytes];
        config.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(config, backing.Number);
        BinaryPrimitives.WriteUInt32LittleEndian(config[4..], 4096);
        BinaryPrimitives.WriteUInt32LittleEndian(config[LoopConfigFlagsOffset..], flags);

        // For losetup(8) to show; cut short, with its last byte 0.
        var name = Encoding.UTF8.GetBytes(file);
        name.AsSpan(0, Math.Min(name.Length, LoopNameBytes - 1)).CopyTo(config[LoopConfigNameOffset..]);
        return RawIoctl(device, LOOP_CONFIGURE, config) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    // ioctl(2)
    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    private static partial int RawIoctl(FileDescriptor descriptor, nuint request, Span<byte> argument);
}
