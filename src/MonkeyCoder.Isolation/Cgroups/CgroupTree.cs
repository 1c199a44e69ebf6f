using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Cgroups;

/// <summary>Finds out what kind of cgroups this host has.</summary>
internal static class CgroupTree
{
    private static readonly string[] V1Controllers =
        ["memory", "cpu", "cpuacct", "cpuset", "pids", "freezer", "devices", "blkio", "net_cls", "net_prio", "perf_event", "hugetlb", "rdma", "misc"];

    /// <summary>The tree of this host; a host with controllers on v1 hierarchies counts as v1.</summary>
    /// <exception cref="HostNotReadyException">No usable cgroups are mounted.</exception>
    public static ICgroupTree Detect() => From(MountTable.Read());

    /// <summary>As <see cref="Detect"/>, from a given mount table.</summary>
    public static ICgroupTree From(IReadOnlyList<MountEntry> mounts)
    {
        var controllers = new Dictionary<string, string>(StringComparer.Ordinal);
        var others = new List<string>();
        string? unified = null;
        foreach (var mount in mounts)
        {
            if (mount.FileSystem == "cgroup2") unified ??= mount.MountPoint;
            if (mount.FileSystem != "cgroup") continue;
            var named = mount.SuperOptions.Split(',').Where(option => V1Controllers.Contains(option)).ToArray();
            foreach (var controller in named) controllers.TryAdd(controller, mount.MountPoint);
            if (named.Length == 0) others.Add(mount.MountPoint);
        }

        if (controllers.Count > 0) return new CgroupV1Tree(controllers, unified is null ? others : [.. others, unified]);
        return unified is not null
            ? new CgroupV2Tree(unified)
            : throw new HostNotReadyException("No cgroup file system is mounted; mount cgroup2 on /sys/fs/cgroup.");
    }
}
