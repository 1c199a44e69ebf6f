using System.Collections.Concurrent;
using System.Globalization;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Cgroups;

/// <summary>The unified hierarchy (kernel docs, admin-guide/cgroup-v2).</summary>
internal sealed class CgroupV2Tree(string root) : ICgroupTree
{
    private const long PeriodMicroseconds = 100_000;
    private static readonly string[] Controllers = ["memory", "cpu", "pids"];

    // memory.peak is reset for the descriptor that was written to, so it has to stay open (Linux 6.12).
    private readonly ConcurrentDictionary<string, FileDescriptor> _peaks = new(StringComparer.Ordinal);

    public string Version => "v2";

    public void Create(string path)
    {
        var parent = root;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            // A group gets a controller only where its parent hands it down.
            foreach (var controller in Controllers) CgroupFile.Write($"{parent}/cgroup.subtree_control", "+" + controller);
            parent = $"{parent}/{name}";
            Directory.CreateDirectory(parent);
        }
    }

    public void SetLimits(string path, SandboxLimits limits)
    {
        var group = root + path;
        CgroupFile.Write($"{group}/memory.max", limits.MemoryBytes);
        // Reclaim starts a little before the kill.
        CgroupFile.Write($"{group}/memory.high", limits.MemoryBytes - limits.MemoryBytes / 16);
        CgroupFile.WriteIfThere($"{group}/memory.swap.max", 0);
        CgroupFile.Write($"{group}/memory.oom.group", 0);
        CgroupFile.Write($"{group}/pids.max", limits.Processes + SandboxLimits.AgentTaskReserve);

        var quota = PeriodMicroseconds * limits.CpuPercent / 100;
        CgroupFile.WriteIfThere($"{group}/cpu.max.burst", 0);
        CgroupFile.Write($"{group}/cpu.max", string.Create(CultureInfo.InvariantCulture, $"{quota} {PeriodMicroseconds}"));
        CgroupFile.WriteIfThere($"{group}/cpu.max.burst", quota);
        CgroupFile.Write($"{group}/cpu.weight", 25);
        CgroupFile.WriteIfThere($"{group}/hugetlb.2MB.max", 0);
    }

    public void ConfineDevices(string path, IReadOnlyList<(int Major, int? Minor)> devices)
    {
    }

    public CgroupUsage ReadUsage(string path)
    {
        var group = root + path;
        return new CgroupUsage
        {
            CpuTime = ReadCpuTime(path),
            ThrottledTime = TimeSpan.FromMicroseconds(CgroupFile.ReadKey($"{group}/cpu.stat", "throttled_usec"u8)),
            MemoryBytes = CgroupFile.ReadNumber($"{group}/memory.current"),
            MemoryPeakBytes = ReadPeak(path),
            MemoryCacheBytes = CgroupFile.ReadKey($"{group}/memory.stat", "file"u8),
            OomKills = ReadOomKills(path),
            Tasks = (int)CgroupFile.ReadNumber($"{group}/pids.current"),
            ForkFailures = ReadForkFailures(path),
        };
    }

    public SandboxFailures ReadFailures(string path) => new(ReadOomKills(path), ReadForkFailures(path));

    public TimeSpan ReadCpuTime(string path) => TimeSpan.FromMicroseconds(CgroupFile.ReadKey($"{root}{path}/cpu.stat", "usage_usec"u8));

    public void ResetMemoryPeak(string path)
    {
        var file = _peaks.GetOrAdd(path, static (key, tree) => Libc.OpenForBoth($"{tree}{key}/memory.peak"), root);
        // EINVAL before 6.12: the peak is then the one since the start, which is the most that can be said.
        _ = Libc.TryWrite(file, "reset\n"u8);
    }

    public void SetFrozen(string path, bool frozen) => CgroupFile.Write($"{root}{path}/cgroup.freeze", frozen ? 1 : 0);

    public bool IsFrozen(string path) => CgroupFile.ReadKey($"{root}{path}/cgroup.events", "frozen"u8) == 1;

    public void SetReclaimedFirst(string path, bool first, bool swap)
    {
        var limit = $"{root}{path}/memory.swap.max";
        if (File.Exists(limit)) CgroupFile.Write(limit, swap ? "max" : "0");
    }

    public void Reclaim(string path)
    {
        try
        {
            CgroupFile.WriteIfThere($"{root}{path}/memory.reclaim", CgroupFile.ReadNumber($"{root}{path}/memory.current"));
        }
        catch (SyscallException e) when (e.Errno == ErrnoName.EAGAIN)
        {
            // Some of it cannot be taken: the rest has been.
        }
    }

    public IReadOnlyList<int> Processes(string path) => CgroupFile.ReadPids($"{root}{path}/cgroup.procs");

    public IReadOnlyList<string> ProcessFiles(string path) => [$"{root}{path}/cgroup.procs"];

    public void Kill(string path)
    {
        var kill = $"{root}{path}/cgroup.kill";
        if (File.Exists(kill)) CgroupFile.Write(kill, 1);
        else foreach (var pid in Processes(path)) _ = Libc.TryKill(pid, Libc.SIGKILL);
    }

    public bool TryRemove(string path)
    {
        if (_peaks.TryRemove(path, out var peak)) peak.Dispose();
        var errno = Libc.TryRemoveDirectory(root + path);
        if (errno is ErrnoName.EBUSY or ErrnoName.ENOTEMPTY) return false;
        return errno is 0 or ErrnoName.ENOENT ? true : throw new SyscallException("rmdir", errno, root + path);
    }

    public IReadOnlyCollection<string> Children(string path) =>
        Directory.Exists(root + path) ? [.. Directory.EnumerateDirectories(root + path).Select(child => Path.GetFileName(child))] : [];

    private long ReadPeak(string path)
    {
        if (!_peaks.TryGetValue(path, out var file)) return CgroupFile.ReadNumber($"{root}{path}/memory.peak");
        Span<byte> buffer = stackalloc byte[32];
        var length = Libc.TryReadAt(file, buffer, 0);
        return length > 0 ? CgroupFile.ParseNumber(buffer[..length]) : 0;
    }

    private long ReadOomKills(string path) => CgroupFile.ReadKey($"{root}{path}/memory.events", "oom_kill"u8);

    private long ReadForkFailures(string path) => CgroupFile.ReadKey($"{root}{path}/pids.events", "max"u8);
}
