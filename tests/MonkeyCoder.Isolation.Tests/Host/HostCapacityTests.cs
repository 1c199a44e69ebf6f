using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Mounts;

namespace MonkeyCoder.Isolation.Tests.Host;

public sealed class HostCapacityTests : IDisposable
{
    private const long Mebibyte = 1024 * 1024;

    private static readonly string[] Meminfo =
        ["MemTotal:        4194304 kB", "MemFree:          100000 kB", "MemAvailable:    2097152 kB"];

    private readonly string _root = Directory.CreateTempSubdirectory("monkey-capacity-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void ReadMemory_WithoutALimit_IsTheHosts()
    {
        var group = Group("v1", ("memory.limit_in_bytes", "9223372036854771712"), ("memory.usage_in_bytes", "5"));

        Assert.Equal(new HostMemory(4096 * Mebibyte, 2048 * Mebibyte), HostCapacity.ReadMemory(Meminfo, [group]));
    }

    [Fact]
    public void ReadMemory_InALimitedV2Group_IsTheGroupsLessWhatCannotBeDropped()
    {
        var group = Group(
            "v2", ("memory.max", $"{1024 * Mebibyte}"), ("memory.current", $"{600 * Mebibyte}"),
            ("memory.stat", $"anon 1\ninactive_file {100 * Mebibyte}\n"));
        var above = Group("above", ("memory.max", "max"), ("memory.current", "1"), ("memory.stat", ""));

        Assert.Equal(new HostMemory(1024 * Mebibyte, 524 * Mebibyte), HostCapacity.ReadMemory(Meminfo, [group, above]));
    }

    [Fact]
    public void ReadMemory_InALimitedV1Group_CountsItsChildrenToo()
    {
        var group = Group(
            "v1", ("memory.limit_in_bytes", $"{1024 * Mebibyte}"), ("memory.usage_in_bytes", $"{2000 * Mebibyte}"),
            ("memory.stat", $"inactive_file 7\ntotal_inactive_file {1000 * Mebibyte}\n"));

        Assert.Equal(new HostMemory(1024 * Mebibyte, 24 * Mebibyte), HostCapacity.ReadMemory(Meminfo, [group]));
    }

    [Fact]
    public void GroupDirectories_OfBothVersions_AreTheOwnGroupAndAllAbove()
    {
        var inner = Directory.CreateDirectory(Path.Combine(_root, "memory", "a", "b")).FullName;
        MountEntry[] mounts =
        [
            new(Path.Combine(_root, "pids"), "cgroup", "cgroup", "rw", "rw,pids", Shared: false),
            new(Path.Combine(_root, "memory"), "cgroup", "cgroup", "rw", "rw,memory", Shared: false),
            new(Path.Combine(_root, "unified"), "cgroup2", "cgroup2", "rw", "rw", Shared: false),
        ];

        var groups = HostCapacity.GroupDirectories(mounts, ["5:pids:/x", "4:memory:/a/b", "0::/gone/elsewhere"]);

        Assert.Equal(
            [inner, Path.Combine(_root, "memory", "a"), Path.Combine(_root, "memory"), Path.Combine(_root, "unified")], groups);
    }

    [Fact]
    public void Read_OnThisHost_FindsMemoryAndDisk()
    {
        var capacity = new HostCapacity(_root);

        var memory = capacity.ReadMemory();

        Assert.InRange(memory.AvailableBytes, 1, memory.TotalBytes);
        Assert.InRange(capacity.ReadFreeDiskBytes(), 1, long.MaxValue);
    }

    private string Group(string name, params (string File, string Text)[] files)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_root, name)).FullName;
        foreach (var (file, text) in files) File.WriteAllText(Path.Combine(directory, file), text);
        return directory;
    }
}
