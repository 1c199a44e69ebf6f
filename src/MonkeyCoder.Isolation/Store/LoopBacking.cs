using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Store;

/// <summary>Which file a loop device shows (<c>/sys/block/loopN/loop/backing_file</c>).</summary>
internal static class LoopBacking
{
    /// <summary>What the kernel puts behind the name of a file that has been removed.</summary>
    public const string DeletedSuffix = " (deleted)";

    /// <summary>Backing file of a device such as <c>/dev/loop3</c>, with <see cref="DeletedSuffix"/> where it has been removed; null where it has none.</summary>
    public static string? Find(string device)
    {
        var path = $"/sys/block/{Path.GetFileName(device)}/loop/backing_file";
        try
        {
            return File.Exists(path) ? File.ReadAllText(path).TrimEnd('\n') : null;
        }
        catch (IOException)
        {
            // Let go of between the two calls.
            return null;
        }
    }

    /// <summary>The loop device that has <paramref name="file"/> now, and a descriptor that keeps it; null where none has.</summary>
    public static (string Device, FileDescriptor Keeper)? TryOpenDevice(string file)
    {
        foreach (var directory in Directory.EnumerateDirectories("/sys/block", "loop*"))
        {
            var device = "/dev/" + Path.GetFileName(directory);
            if (Find(device) != file) continue;
            var keeper = TryOpen(device);

            // Looked at again: before it was open, it could let go of the file.
            if (keeper is not null && Find(device) == file) return (device, keeper);
            keeper?.Dispose();
        }

        return null;
    }

    private static FileDescriptor? TryOpen(string device)
    {
        try
        {
            return Libc.OpenForReading(device);
        }
        catch (SyscallException e) when (e.Errno is ErrnoName.ENXIO or ErrnoName.ENOENT)
        {
            // Gone just now.
            return null;
        }
    }
}
