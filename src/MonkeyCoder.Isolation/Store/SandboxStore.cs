using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Store;

/// <summary>Chooses the kind of store that this host can have.</summary>
public static class SandboxStore
{
    /// <summary>A <see cref="BtrfsStore"/>; an <see cref="ImageStore"/> where the kernel has no btrfs at all.</summary>
    /// <param name="settings">Where it lies.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    /// <exception cref="HostNotReadyException">Neither can be had; says what is missing.</exception>
    public static async Task<ISandboxStore> OpenAsync(StoreSettings settings, CancellationToken cancellationToken)
    {
        if (HasBtrfs()) return await BtrfsStore.OpenAsync(settings, cancellationToken);
        return await ImageStore.OpenAsync(settings, cancellationToken);
    }

    // The mount cannot succeed, but asking for it makes the kernel load the module, and ENODEV says that there is none.
    private static bool HasBtrfs()
    {
        try
        {
            Libc.Mount("none", "/", "btrfs", 0, null);
            return true;
        }
        catch (SyscallException e)
        {
            return e.Errno != ErrnoName.ENODEV;
        }
    }
}
