using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Cgroups;

public sealed class CgroupV2TreeTests : IDisposable
{
    private const string Group = "/monkeycoder/i1";

    private readonly FakeCgroupRoot _fake = new();
    private readonly CgroupV2Tree _tree;

    public CgroupV2TreeTests() => _tree = new CgroupV2Tree(_fake.Root);

    public void Dispose() => _fake.Dispose();

    [Fact]
    public void Create_NestedGroup_HandsControllersDownToItAndNotBeyond()
    {
        _fake.Add("", ("cgroup.subtree_control", ""));
        _fake.Add("/monkeycoder", ("cgroup.subtree_control", ""));

        _tree.Create(Group);

        Assert.True(Directory.Exists(_fake.Root + Group));
        // Each controller is a write of its own; the stand-in keeps the last.
        Assert.Equal("+pids", _fake.Read("", "cgroup.subtree_control")[..5]);
        Assert.Equal("+pids", _fake.Read("/monkeycoder", "cgroup.subtree_control")[..5]);
    }

    [Fact]
    public void SetLimits_Defaults_WritesTheModelsTable()
    {
        _fake.Add(Group, ("memory.max", ""), ("memory.high", ""), ("memory.swap.max", ""), ("memory.oom.group", ""), ("pids.max", ""),
            ("cpu.max", ""), ("cpu.max.burst", ""), ("cpu.weight", ""));

        _tree.SetLimits(Group, new SandboxLimits());

        Assert.Equal("536870912", _fake.Read(Group, "memory.max"));
        Assert.Equal("503316480", _fake.Read(Group, "memory.high"));
        Assert.Equal("0", _fake.Read(Group, "memory.swap.max"));
        Assert.Equal("0", _fake.Read(Group, "memory.oom.group"));
        Assert.Equal("160", _fake.Read(Group, "pids.max"));
        Assert.Equal("50000 100000", _fake.Read(Group, "cpu.max"));
        Assert.Equal("50000", _fake.Read(Group, "cpu.max.burst"));
        Assert.Equal("25", _fake.Read(Group, "cpu.weight"));
    }

    [Fact]
    public void ReadUsage_AllFilesThere_ReadsThem()
    {
        _fake.Add(Group, ("cpu.stat", "usage_usec 1500000\nuser_usec 1000000\nsystem_usec 500000\n"), ("memory.current", "4096\n"),
            ("memory.peak", "8192\n"), ("memory.stat", "anon 1\nfile 2048\nfile_mapped 7\n"),
            ("memory.events", "low 0\nhigh 3\nmax 2\noom 1\noom_kill 4\n"), ("pids.current", "12\n"), ("pids.events", "max 5\n"));

        var usage = _tree.ReadUsage(Group);

        Assert.Equal(
            new CgroupUsage
            {
                CpuTime = TimeSpan.FromSeconds(1.5), MemoryBytes = 4096, MemoryPeakBytes = 8192, MemoryCacheBytes = 2048, OomKills = 4,
                Tasks = 12, ForkFailures = 5,
            },
            usage);
    }

    [Fact]
    public void ReadUsage_NoSuchGroup_IsZero() => Assert.Equal(default, _tree.ReadUsage("/nowhere"));

    [Theory]
    [InlineData("populated 1\nfrozen 0\n", false)]
    [InlineData("populated 1\nfrozen 1\n", true)]
    public void IsFrozen_AsTheEventsSay(string events, bool frozen)
    {
        _fake.Add(Group, ("cgroup.events", events));

        Assert.Equal(frozen, _tree.IsFrozen(Group));
    }

    [Theory]
    [InlineData(true, true, "max")]
    [InlineData(true, false, "0")]
    [InlineData(false, false, "0")]
    public void SetReclaimedFirst_Any_OpensSwapOrNot(bool first, bool swap, string limit)
    {
        _fake.Add(Group, ("memory.swap.max", ""));

        _tree.SetReclaimedFirst(Group, first, swap);

        Assert.Equal(limit, _fake.Read(Group, "memory.swap.max"));
    }

    [Fact]
    public void Reclaim_Group_AsksForAllThatItHolds()
    {
        _fake.Add(Group, ("memory.current", "4096\n"), ("memory.reclaim", ""));

        _tree.Reclaim(Group);

        Assert.Equal("4096", _fake.Read(Group, "memory.reclaim"));
    }

    [Fact]
    public void Reclaim_KernelWithoutIt_DoesNothing() => _tree.Reclaim(Group);

    [Fact]
    public void SetFrozen_Both_WritesTheFile()
    {
        _fake.Add(Group, ("cgroup.freeze", ""));

        _tree.SetFrozen(Group, true);
        Assert.Equal("1", _fake.Read(Group, "cgroup.freeze"));
        _tree.SetFrozen(Group, false);
        Assert.Equal("0", _fake.Read(Group, "cgroup.freeze"));
    }

    [Fact]
    public void Kill_FileThere_WritesIt()
    {
        _fake.Add(Group, ("cgroup.kill", ""), ("cgroup.procs", ""));

        _tree.Kill(Group);

        Assert.Equal("1", _fake.Read(Group, "cgroup.kill"));
    }

    [Fact]
    public void TryRemove_EmptyBusyAndMissing_SaysWhatIs()
    {
        _fake.Add("/empty");
        _fake.Add("/busy", ("cgroup.procs", "1\n"));

        Assert.True(_tree.TryRemove("/empty"));
        Assert.False(_tree.TryRemove("/busy"));
        Assert.True(_tree.TryRemove("/missing"));
        Assert.Equal(["busy"], _tree.Children(""));
    }

    [Fact]
    public void Processes_ManyPids_ReadsAllAndLeavesOutThoseOfOtherNamespaces()
    {
        _fake.Add(Group, ("cgroup.procs", string.Concat(Enumerable.Range(0, 5000).Select(pid => $"{pid}\n"))));

        Assert.Equal(Enumerable.Range(1, 4999), _tree.Processes(Group));
    }
}
