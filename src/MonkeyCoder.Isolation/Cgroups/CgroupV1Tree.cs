using System.Globalization;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Cgroups;

/// <summary>
/// Separate hierarchies (kernel docs, admin-guide/cgroup-v1), also those of a hybrid host, where v2 is mounted beside
/// them without the controllers that matter.
/// </summary>
internal sealed class CgroupV1Tree : ICgroupTree
{
    private const long PeriodMicroseconds = 100_000;
    private const long TcpBufferBytes = 64L * 1024 * 1024;

    // Without these a sandbox would have no limits; cpuacct, freezer and devices are needed to count, stop and confine it.
    private static readonly string[] Required = ["memory", "cpu", "cpuacct", "pids", "freezer", "devices"];

    private readonly string _memory;
    private readonly string _cpu;
    private readonly string _cpuacct;
    private readonly string _pids;
    private readonly string _freezer;
    private readonly string _devices;
    private readonly string[] _limited;
    private readonly string[] _all;

    /// <param name="mounts">Mount point of each controller, by its name.</param>
    /// <param name="others">Mount points of hierarchies in which runtimes create groups too: named ones and the unified.</param>
    public CgroupV1Tree(IReadOnlyDictionary<string, string> mounts, IEnumerable<string> others)
    {
        var missing = Required.Where(controller => !mounts.ContainsKey(controller)).ToArray();
        if (missing.Length > 0)
            throw new HostNotReadyException($"The cgroup v1 controllers {string.Join(", ", missing)} are not mounted; mount them or boot with cgroup v2.");
        (_memory, _cpu, _cpuacct) = (mounts["memory"], mounts["cpu"], mounts["cpuacct"]);
        (_pids, _freezer, _devices) = (mounts["pids"], mounts["freezer"], mounts["devices"]);
        // Controllers can share a hierarchy (cpu,cpuacct), and then have one mount point.
        _limited = Required.Select(controller => mounts[controller]).Distinct().ToArray();
        _all = mounts.Values.Concat(others).Distinct().ToArray();
    }

    public string Version => "v1";

    public void Create(string path)
    {
        foreach (var root in _limited) Directory.CreateDirectory(root + path);
    }

    public void SetLimits(string path, SandboxLimits limits)
    {
        SetMemory(_memory + path, limits.MemoryBytes);
        SetCpu(_cpu + path, limits.CpuPercent);
        CgroupFile.Write($"{_pids}{path}/pids.max", limits.Processes + SandboxLimits.AgentTaskReserve);
    }

    public void ConfineDevices(string path, IReadOnlyList<(int Major, int? Minor)> devices)
    {
        var wanted = devices.Select(device => $"{device.Major}:{device.Minor?.ToString(CultureInfo.InvariantCulture) ?? "*"}").ToHashSet();
        var lines = File.ReadAllLines($"{_devices}{path}/devices.list");
        if (lines is ["a *:* rwm"])
        {
            // A group that nobody has confined yet, in which nothing runs.
            CgroupFile.Write($"{_devices}{path}/devices.deny", "a");
            foreach (var device in wanted) CgroupFile.Write($"{_devices}{path}/devices.allow", $"c {device} rw");
            return;
        }

        // What is too much is taken away line by line, so that what is wanted works at every moment: the agent runs already.
        foreach (var line in lines)
        {
            if (line.Split(' ') is not [var type, var device, var access]) continue;
            var keep = type == "c" && wanted.Contains(device) ? "rw" : "";
            var excess = string.Concat(access.Except(keep));
            if (excess.Length > 0) CgroupFile.Write($"{_devices}{path}/devices.deny", $"{type} {device} {excess}");
        }
    }

    public CgroupUsage ReadUsage(string path) => new()
    {
        CpuTime = ReadCpuTime(path),
        ThrottledTime = TimeSpan.FromMicroseconds(CgroupFile.ReadKey($"{_cpu}{path}/cpu.stat", "throttled_time"u8) / 1000.0),
        MemoryBytes = CgroupFile.ReadNumber($"{_memory}{path}/memory.usage_in_bytes"),
        MemoryPeakBytes = CgroupFile.ReadNumber($"{_memory}{path}/memory.max_usage_in_bytes"),
        MemoryCacheBytes = CgroupFile.ReadKey($"{_memory}{path}/memory.stat", "cache"u8),
        OomKills = ReadOomKills(path),
        Tasks = (int)CgroupFile.ReadNumber($"{_pids}{path}/pids.current"),
        ForkFailures = ReadForkFailures(path),
    };

    public SandboxFailures ReadFailures(string path) => new(ReadOomKills(path), ReadForkFailures(path));

    public TimeSpan ReadCpuTime(string path) => TimeSpan.FromMicroseconds(CgroupFile.ReadNumber($"{_cpuacct}{path}/cpuacct.usage") / 1000.0);

    public void ResetMemoryPeak(string path) => CgroupFile.Write($"{_memory}{path}/memory.max_usage_in_bytes", 0);

    public void SetFrozen(string path, bool frozen) =>
        CgroupFile.Write($"{_freezer}{path}/freezer.state", frozen ? "FROZEN" : "THAWED");

    public bool IsFrozen(string path)
    {
        Span<byte> state = stackalloc byte[16];
        if (state[..CgroupFile.Read($"{_freezer}{path}/freezer.state", state)].StartsWith("FROZEN"u8)) return true;
        // A process that was being started while the others stopped is only stopped by another write.
        SetFrozen(path, true);
        return false;
    }

    public void SetReclaimedFirst(string path, bool first, bool swap)
    {
        CgroupFile.WriteIfThere($"{_memory}{path}/memory.swappiness", swap ? 100 : 0);
        try
        {
            CgroupFile.WriteIfThere($"{_memory}{path}/memory.soft_limit_in_bytes", first ? 0 : -1);
        }
        catch (SyscallException e) when (e.Errno == ErrnoName.EOPNOTSUPP)
        {
            // A kernel for real time has the file and no such order.
        }
    }

    public void Reclaim(string path) => CgroupFile.WriteIfThere($"{_memory}{path}/memory.force_empty", 0);

    public IReadOnlyList<int> Processes(string path) => CgroupFile.ReadPids($"{_freezer}{path}/cgroup.procs");

    public IReadOnlyList<string> ProcessFiles(string path) =>
        [.. _all.Select(root => $"{root}{path}/cgroup.procs").Where(File.Exists)];

    public void Kill(string path)
    {
        if (!Directory.Exists(_freezer + path)) return;
        // 1. Frozen, nothing can fork away from under the list. 2. A frozen task of v1 does not die: thaw in any case.
        SetFrozen(path, true);
        try
        {
            foreach (var pid in Processes(path)) _ = Libc.TryKill(pid, Libc.SIGKILL);
        }
        finally
        {
            SetFrozen(path, false);
        }
    }

    public bool TryRemove(string path)
    {
        var gone = true;
        foreach (var root in _all)
        {
            var errno = Libc.TryRemoveDirectory(root + path);
            if (errno is ErrnoName.EBUSY or ErrnoName.ENOTEMPTY) gone = false;
            else if (errno is not (0 or ErrnoName.ENOENT)) throw new SyscallException("rmdir", errno, root + path);
        }

        return gone;
    }

    public IReadOnlyCollection<string> Children(string path)
    {
        var names = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var root in _all)
        {
            if (!Directory.Exists(root + path)) continue;
            foreach (var child in Directory.EnumerateDirectories(root + path)) names.Add(Path.GetFileName(child));
        }

        return names;
    }

    private static void SetMemory(string group, long bytes)
    {
        var limit = group + "/memory.limit_in_bytes";
        var withSwap = group + "/memory.memsw.limit_in_bytes";
        // The kernel wants limit <= memsw at every moment: raise memsw first, lower it last.
        if (File.Exists(withSwap))
        {
            if (bytes > CgroupFile.ReadNumber(withSwap)) CgroupFile.Write(withSwap, bytes);
            CgroupFile.Write(limit, bytes);
            CgroupFile.Write(withSwap, bytes);
        }
        else
        {
            CgroupFile.Write(limit, bytes);
        }

        CgroupFile.WriteIfThere(group + "/memory.swappiness", 0);
        // TCP buffers are not within the memory limit of v1.
        CgroupFile.WriteIfThere(group + "/memory.kmem.tcp.limit_in_bytes", TcpBufferBytes);
    }

    private static void SetCpu(string group, int percent)
    {
        var quota = PeriodMicroseconds * percent / 100;
        CgroupFile.Write(group + "/cpu.cfs_period_us", PeriodMicroseconds);
        // A burst above the quota is refused, so it is out of the way while the quota changes. What was not used in one
        // period can be used in the next, so that a short cell after a pause runs at full speed.
        CgroupFile.WriteIfThere(group + "/cpu.cfs_burst_us", 0);
        CgroupFile.Write(group + "/cpu.cfs_quota_us", quota);
        CgroupFile.WriteIfThere(group + "/cpu.cfs_burst_us", quota);
        CgroupFile.Write(group + "/cpu.shares", 256);
    }

    private long ReadOomKills(string path) => CgroupFile.ReadKey($"{_memory}{path}/memory.oom_control", "oom_kill"u8);

    private long ReadForkFailures(string path) => CgroupFile.ReadKey($"{_pids}{path}/pids.events", "max"u8);
}
