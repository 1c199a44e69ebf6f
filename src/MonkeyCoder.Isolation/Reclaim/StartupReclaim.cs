using System.Globalization;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Reclaim;

/// <summary>
/// Removes what a predecessor on the same state directory left, in whatever step it was killed. Everything is found by
/// its name, and each kind of thing is looked for by itself: nothing is concluded from a record that may be missing.
/// </summary>
internal sealed class StartupReclaim(EngineNode node)
{
    /// <summary>Removes it; returns how many sandboxes something was left of.</summary>
    /// <exception cref="AggregateException">Parts could not be removed; all others have been.</exception>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        // 1. A runtime that is still launching would make things again behind our back, and a zygote processes.
        await KillRuntimesAsync(cancellationToken).ConfigureAwait(false);
        await RemoveZygotesAsync(cancellationToken).ConfigureAwait(false);
        // 2. Every sandbox that shows anywhere.
        var found = FindSandboxes();
        var failures = new List<Exception>();
        foreach (var id in found)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            using var limit = new CancellationTokenSource(node.Options.TeardownTimeout, node.Time);
            await using var linked = limit.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
            try
            {
                await node.Remains.RemoveAsync(id, range: null, deadline.Token).ConfigureAwait(false);
            }
            catch (AggregateException e)
            {
                failures.Add(e);
            }
        }

        // 3. What is not a sandbox's.
        foreach (var spare in node.Store.List().Where(static piece => SparePieces.IsSpare(piece.Name)))
        {
            try
            {
                spare.Delete();
            }
            catch (SyscallException e)
            {
                failures.Add(e);
            }
        }

        foreach (var mount in MountTable.Below(node.Paths.SandboxesDirectory).Concat(MountTable.Below(node.Paths.LayersDirectory)))
            _ = Libc.TryUnmount(mount.MountPoint, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW);
        node.Slots.RemoveDrafts();
        if (failures.Count > 0) throw new AggregateException("A predecessor's sandboxes could not be removed.", failures);
        return found.Count;
    }

    private HashSet<SandboxId> FindSandboxes()
    {
        var names = Names(node.Paths.SandboxesDirectory)
            .Concat(Names(node.Paths.RuntimeRoot))
            .Concat(Names(node.Paths.RunDirectory))
            .Concat(node.Cgroups.Children(node.Paths.CgroupParent))
            .Concat(node.Slots.Mine().Select(claim => claim.Owner))
            .Concat(node.Store.List().Select(piece => SandboxVolumes.OwnerOf(piece.Name)?.Value ?? ""));
        var found = new HashSet<SandboxId>();
        foreach (var name in names)
            if (SandboxId.TryParse(name, out var id)) found.Add(id);
        return found;
    }

    private static IEnumerable<string> Names(string directory) =>
        Directory.Exists(directory) ? Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)) : [];

    private async Task RemoveZygotesAsync(CancellationToken cancellationToken)
    {
        foreach (var name in node.Cgroups.Children(node.Paths.CgroupParent).Where(static name => name.StartsWith(EnginePaths.ZygotePrefix, StringComparison.Ordinal)))
            await node.Remains.RemoveGroupAsync($"{node.Paths.CgroupParent}/{name}", cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Kills processes whose command line says that they work on this instance's runtime state.</summary>
    private async Task KillRuntimesAsync(CancellationToken cancellationToken)
    {
        var runtimes = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? pid : 0)
            .Where(pid => pid > 0 && IsRuntime(pid)).ToArray();
        using var limit = new CancellationTokenSource(node.Options.TeardownTimeout, node.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var ended = node.Exits.WaitAllAsync(runtimes, either.Token);
        foreach (var pid in runtimes) _ = Libc.TryKill(pid, Libc.SIGKILL);
        await ended.ConfigureAwait(false);
    }

    private bool IsRuntime(int pid)
    {
        try
        {
            // What is in the group of a sandbox can call itself anything, and one that is frozen does not die by a signal alone.
            return File.ReadAllText($"/proc/{pid}/cmdline").Contains($"\0--root\0{node.Paths.RuntimeRoot}", StringComparison.Ordinal)
                && !File.ReadAllText($"/proc/{pid}/cgroup").Contains(node.Paths.CgroupParent + "/", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // It ended while we looked.
        }
    }
}
