using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Launch;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Reclaim;

/// <summary>
/// Removes everything that a sandbox can have, by its id alone. The one way in which sandboxes end: a failed launch, a
/// dispose and the leftovers of a crashed predecessor all go through it. Needs no help from inside.
/// </summary>
internal sealed class SandboxRemains(
    EnginePaths paths, ICgroupTree cgroups, ISandboxStore store, SparePieces spares, UidSlots slots, ExitWatcher exits, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Removes it. What does not exist counts as removed. After a failure the uid range stays claimed and the record stays
    /// where it is, so that the next start tries again.
    /// </summary>
    /// <param name="id">The sandbox.</param>
    /// <param name="range">Its uid range where it is known; else its claim is looked for.</param>
    /// <param name="deadline">Ends the waiting for processes and cgroups.</param>
    /// <exception cref="AggregateException">Steps that failed; all have been tried.</exception>
    public async Task RemoveAsync(SandboxId id, UidRange? range, CancellationToken deadline)
    {
        var failures = new List<Exception>();
        // 1. Nothing is left that could use or make anything.
        await TryAsync(failures, () => KillAsync(paths.Cgroup(id), deadline)).ConfigureAwait(false);
        // 2. What it had.
        Try(failures, () => Unmount(paths.RootDirectory(id)));
        Try(failures, () => Unmount(paths.HomeDirectory(id)));
        Try(failures, () => DeleteTree(paths.RuntimeDirectory(id)));
        Try(failures, () => DeleteTree(paths.SandboxRunDirectory(id)));
        // What may still run could still write.
        var isFree = failures.Count == 0;
        foreach (var name in SandboxVolumes.StoreNames(id)) Try(failures, () =>
            {
                if (!spares.TryKeep(name, isFree)) store.TryOpen(name)?.Delete();
            });
        await TryAsync(failures, () => RemoveEmptyGroupAsync(paths.Cgroup(id), deadline)).ConfigureAwait(false);
        if (failures.Count > 0) throw new AggregateException($"Parts of sandbox {id} could not be removed.", failures);
        // 3. What says that it is there.
        if (range is { } known) slots.Release(known);
        else slots.Release(id);
        DeleteSandboxDirectory(id);
    }

    /// <summary>Returns when nothing of it runs.</summary>
    public Task KillAsync(SandboxId id, CancellationToken deadline) => KillAsync(paths.Cgroup(id), deadline);

    /// <summary>Kills what is in a group, and removes it.</summary>
    public async Task RemoveGroupAsync(string group, CancellationToken deadline)
    {
        await KillAsync(group, deadline).ConfigureAwait(false);
        await RemoveEmptyGroupAsync(group, deadline).ConfigureAwait(false);
    }

    private async Task KillAsync(string group, CancellationToken deadline)
    {
        while (cgroups.Processes(group) is { Count: > 0 } left)
        {
            // Armed before the kill, so that no end is missed. New ones may have come meanwhile: then once more.
            var ended = exits.WaitAllAsync(left, deadline);
            cgroups.Kill(group);
            await ended.ConfigureAwait(false);
        }
    }

    private async Task RemoveEmptyGroupAsync(string group, CancellationToken deadline)
    {
        // A group stays busy for a moment after its last process has been reaped; v1 has no event for the end of that.
        for (var pause = FirstPause; !cgroups.TryRemove(group); pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
            await Task.Delay(pause, time, deadline).ConfigureAwait(false);
    }

    /// <summary>The root can be mounted more than once only after a crash in the middle of things; all of them go.</summary>
    private static void Unmount(string target)
    {
        int errno;
        while ((errno = Libc.TryUnmount(target, Libc.MNT_DETACH | Libc.UMOUNT_NOFOLLOW)) == 0)
        {
        }

        if (errno is not (ErrnoName.EINVAL or ErrnoName.ENOENT)) throw new SyscallException("umount2", errno, target);
    }

    private void DeleteSandboxDirectory(SandboxId id)
    {
        // Where things were mounted goes first and by rmdir(2): were something mounted there after all, nothing would follow it.
        foreach (var mountPoint in new[] { paths.RootDirectory(id), paths.HomeDirectory(id) })
        {
            var errno = Libc.TryRemoveDirectory(mountPoint);
            if (errno is not (0 or ErrnoName.ENOENT)) throw new SyscallException("rmdir", errno, mountPoint);
        }

        DeleteTree(paths.SandboxDirectory(id));
    }

    private static void DeleteTree(string directory)
    {
        if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
    }

    private static void Try(List<Exception> failures, Action step)
    {
        try
        {
            step();
        }
#pragma warning disable CA1031 // Every step is tried; the caller throws all failures together.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures.Add(e);
        }
    }

    private static async Task TryAsync(List<Exception> failures, Func<Task> step)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
#pragma warning disable CA1031 // Every step is tried; the caller throws all failures together.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures.Add(e);
        }
    }
}
