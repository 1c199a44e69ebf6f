using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Mounts;

/// <summary>The root file system of a sandbox: mapped layers below, a private directory on top (overlayfs of the kernel docs).</summary>
internal static class OverlayRoot
{
    // volatile: the upper layer ends with the sandbox, so a sync inside must not write back for everybody.
    // redirect_dir: lower directories can be renamed, as on any other file system.
    private const string Options = "volatile,redirect_dir=on,metacopy=off,index=off";

    /// <summary>Mounts it.</summary>
    /// <param name="target">Where; exists.</param>
    /// <param name="layers">Read-only layers, the topmost first.</param>
    /// <param name="upper">Directory for what is changed.</param>
    /// <param name="work">Empty directory on the same file system, for the kernel.</param>
    /// <param name="flags">MS_* of mount(2).</param>
    /// <exception cref="SyscallException">With the target as its subject.</exception>
    public static void Mount(string target, IReadOnlyList<FileDescriptor> layers, string upper, string work, ulong flags) =>
        MountOver(target, layers, upper, work, flags);

    /// <summary>
    /// Mounts one directory of the layers with a top of its own, so that it can be written to where the root cannot, and its
    /// mount tells nothing of where it came from. False where no layer has it.
    /// </summary>
    public static bool TryMountPart(string target, string part, IReadOnlyList<FileDescriptor> layers, string upper, string work)
    {
        var parts = layers.Select(layer => ByDescriptor(layer) + part).Where(Directory.Exists).Select(Libc.OpenForReading).ToArray();
        try
        {
            if (parts.Length > 0) MountOver(target, parts, upper, work, Libc.MS_NODEV | Libc.MS_NOSUID);
            return parts.Length > 0;
        }
        finally
        {
            foreach (var open in parts) open.Dispose();
        }
    }

    private static void MountOver(string target, IEnumerable<FileDescriptor> layers, string upper, string work, ulong flags)
    {
        using var upperDirectory = Libc.OpenForReading(upper);
        using var workDirectory = Libc.OpenForReading(work);
        // Named by descriptor and not by path: a process inside sees these options in its mount table.
        var lower = string.Join(':', layers.Select(ByDescriptor));
        Libc.Mount("overlay", target, "overlay", flags,
            $"lowerdir={lower},upperdir={ByDescriptor(upperDirectory)},workdir={ByDescriptor(workDirectory)},{Options}");
    }

    private static string ByDescriptor(FileDescriptor directory) => $"/proc/self/fd/{directory.Number}";
}
