using System.Globalization;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Sandboxes;

/// <summary>
/// Gives each live sandbox of the machine host ids of its own. A claim is a file <c>uid-slots/N</c> that names the state
/// directory and the sandbox; it is made whole or not at all, and by one service only.
/// </summary>
internal sealed class UidSlots(EnginePaths paths)
{
    private readonly Lock _lock = new();
    private int _next; // under _lock; where the search starts

    /// <summary>Claims the lowest free range.</summary>
    /// <exception cref="SandboxLaunchException">All are taken.</exception>
    public UidRange Claim(SandboxId id)
    {
        Directory.CreateDirectory(paths.UidSlotsDirectory);
        var draft = Path.Combine(paths.UidSlotsDirectory, $".{paths.Instance}-{id.Value}");
        File.WriteAllText(draft, $"{paths.StateDirectory}\n{id.Value}\n");
        try
        {
            lock (_lock)
            {
                for (var tried = 0; tried < UidRange.Slots; tried++, _next = (_next + 1) % UidRange.Slots)
                {
                    // link(2) is what makes the claim: of two services, one gets EEXIST.
                    var errno = Libc.TryLink(draft, SlotFile(_next));
                    if (errno == 0) return new UidRange(_next);
                    if (errno != ErrnoName.EEXIST) throw new SyscallException("link", errno, SlotFile(_next));
                }
            }
        }
        finally
        {
            File.Delete(draft);
        }

        throw new SandboxLaunchException("All uid ranges of this machine are in use.");
    }

    /// <summary>Gives back what a sandbox has claimed; to be called only when nothing of it is left.</summary>
    public void Release(SandboxId id)
    {
        foreach (var (range, owner) in Mine())
            if (owner == id.Value) Release(range);
    }

    /// <summary>As <see cref="Release(SandboxId)"/>, without looking for it.</summary>
    public void Release(UidRange range)
    {
        lock (_lock)
        {
            File.Delete(SlotFile(range.Slot));
            _next = Math.Min(_next, range.Slot);
        }
    }

    /// <summary>The claims of this state directory and whom they are for.</summary>
    public IReadOnlyList<(UidRange Range, string Owner)> Mine()
    {
        var mine = new List<(UidRange, string)>();
        if (!Directory.Exists(paths.UidSlotsDirectory)) return mine;
        foreach (var file in Directory.EnumerateFiles(paths.UidSlotsDirectory))
        {
            if (!int.TryParse(Path.GetFileName(file), NumberStyles.None, CultureInfo.InvariantCulture, out var slot)) continue;
            if (ReadClaim(file) is [var state, var owner, ..] && state == paths.StateDirectory) mine.Add((new UidRange(slot), owner));
        }

        return mine;
    }

    /// <summary>Removes half-made claims of this instance.</summary>
    public void RemoveDrafts()
    {
        if (!Directory.Exists(paths.UidSlotsDirectory)) return;
        foreach (var draft in Directory.EnumerateFiles(paths.UidSlotsDirectory, $".{paths.Instance}-*")) File.Delete(draft);
    }

    private static string[] ReadClaim(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (FileNotFoundException)
        {
            return []; // Released by another service since it was listed.
        }
    }

    private string SlotFile(int slot) => Path.Combine(paths.UidSlotsDirectory, slot.ToString(CultureInfo.InvariantCulture));
}
