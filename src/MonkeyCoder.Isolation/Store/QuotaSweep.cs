using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Store;

/// <summary>
/// Removes quota groups of subvolumes that are gone. Newer kernels do it themselves when the cleaner has freed the
/// subvolume; older ones leave the groups, and thousands of them slow every commit down.
/// </summary>
internal sealed class QuotaSweep(FileDescriptor root, string rootPath)
{
    private readonly Lock _lock = new();

    /// <summary>One pass. A group in use, or removed by the kernel meanwhile, is left alone.</summary>
    public void Run()
    {
        lock (_lock)
        {
            var groups = Libc.ListQuotaGroups(root, rootPath);
            if (groups.Count == 0) return;

            // Read after the groups, so that a subvolume made in between keeps its own.
            var alive = Libc.ListSubvolumeIds(root, rootPath).ToHashSet();
            foreach (var group in groups)
                if (!alive.Contains(group)) _ = Libc.TryRemoveQuotaGroup(root, group);
        }
    }
}
