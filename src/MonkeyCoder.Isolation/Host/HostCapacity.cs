using System.Globalization;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Mounts;

namespace MonkeyCoder.Isolation.Host;

/// <summary>What this host has left, read when asked.</summary>
public interface IHostCapacity
{
    /// <summary>Memory of the host, or of the control group that the node lives in where that has less.</summary>
    HostMemory ReadMemory();

    /// <summary>Free bytes where sandboxes write: the file system of the state directory, or the store in it where that has less.</summary>
    long ReadFreeDiskBytes();
}

/// <summary>Memory as the node may use it.</summary>
/// <param name="TotalBytes">All there is.</param>
/// <param name="AvailableBytes">What can be had without swapping, caches that can be dropped included.</param>
public readonly record struct HostMemory(long TotalBytes, long AvailableBytes);

/// <summary>
/// Reads <c>/proc/meminfo</c> (proc(5)), the memory limits of the node's own control group and of those above it, and
/// statvfs(3) of the state directory. In a container the second is what holds: the first shows the whole machine.
/// </summary>
public sealed class HostCapacity(string stateDirectory) : IHostCapacity
{
    private const long Kibibyte = 1024;

    private readonly IReadOnlyList<string> _groups =
        GroupDirectories(MountTable.Read(), File.ReadLines("/proc/self/cgroup"));

    public HostMemory ReadMemory() => ReadMemory(File.ReadLines("/proc/meminfo"), _groups);

    public long ReadFreeDiskBytes()
    {
        var store = Path.Combine(stateDirectory, "store");
        var free = new DriveInfo(stateDirectory).AvailableFreeSpace;
        return Directory.Exists(store) ? Math.Min(free, new DriveInfo(store).AvailableFreeSpace) : free;
    }

    internal static HostMemory ReadMemory(IEnumerable<string> meminfo, IReadOnlyList<string> groups)
    {
        long total = 0, available = 0;
        foreach (var line in meminfo)
        {
            if (line.StartsWith("MemTotal:", StringComparison.Ordinal)) total = Kibibytes(line);
            else if (line.StartsWith("MemAvailable:", StringComparison.Ordinal)) available = Kibibytes(line);
        }

        foreach (var group in groups)
        {
            if (Limit(group) is not { } limit || limit >= total) continue;
            total = limit;
            available = Math.Min(available, Math.Max(0, limit - Used(group)));
        }

        return new HostMemory(total, available);
    }

    /// <summary>Directories of the node's memory group and of all above it, in either version's tree.</summary>
    internal static IReadOnlyList<string> GroupDirectories(IReadOnlyList<MountEntry> mounts, IEnumerable<string> memberships)
    {
        var groups = new List<string>();
        foreach (var membership in memberships)
        {
            // hierarchy:controllers:path (cgroups(7)); the unified one is 0 and names no controllers.
            var fields = membership.Split(':', 3);
            if (fields.Length < 3) continue;
            var mount = fields[0] == "0"
                ? mounts.FirstOrDefault(entry => entry.FileSystem == "cgroup2")
                : fields[1].Split(',').Contains("memory")
                    ? mounts.FirstOrDefault(entry => entry.FileSystem == "cgroup" && entry.SuperOptions.Split(',').Contains("memory"))
                    : null;
            if (mount is null) continue;
            for (var path = fields[2].Trim('/'); path.Length > 0; path = Path.GetDirectoryName(path) ?? "")
            {
                // In a container the path may be that of the host, which cannot be seen; its root is what counts then.
                var directory = Path.Combine(mount.MountPoint, path);
                if (Directory.Exists(directory)) groups.Add(directory);
            }

            groups.Add(mount.MountPoint);
        }

        return groups;
    }

    private static long Kibibytes(string line) =>
        long.TryParse(
            line.AsSpan(line.IndexOf(':', StringComparison.Ordinal) + 1).Trim().TrimEnd("kB").Trim(), NumberStyles.None,
            CultureInfo.InvariantCulture, out var value)
            ? value * Kibibyte
            : 0;

    /// <summary>null where there is none.</summary>
    private static long? Limit(string group)
    {
        foreach (var name in (ReadOnlySpan<string>)["memory.max", "memory.limit_in_bytes"])
        {
            var path = Path.Combine(group, name);
            if (File.Exists(path) && CgroupFile.ReadNumber(path) is > 0 and var limit) return limit;
        }

        return null;
    }

    /// <summary>Charged bytes less the page cache that goes first.</summary>
    private static long Used(string group)
    {
        var current = Path.Combine(group, "memory.current");
        var isV2 = File.Exists(current);
        var used = CgroupFile.ReadNumber(isV2 ? current : Path.Combine(group, "memory.usage_in_bytes"));
        var statistics = Path.Combine(group, "memory.stat");
        return used - (isV2 ? CgroupFile.ReadKey(statistics, "inactive_file"u8) : CgroupFile.ReadKey(statistics, "total_inactive_file"u8));
    }
}
