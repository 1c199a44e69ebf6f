using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Cgroups;

/// <summary>Against stand-ins for the hierarchies, cpu and cpuacct in one, and the unified one beside them.</summary>
public sealed class CgroupV1TreeTests : IDisposable
{
    private const string Group = "/monkeycoder/i1";

    private readonly Dictionary<string, FakeCgroupRoot> _fakes;
    private readonly CgroupV1Tree _tree;

    public CgroupV1TreeTests()
    {
        _fakes = new[] { "memory", "cpu", "pids", "freezer", "devices", "unified" }.ToDictionary(name => name, _ => new FakeCgroupRoot());
        var mounts = _fakes.Where(fake => fake.Key != "unified").ToDictionary(fake => fake.Key, fake => fake.Value.Root);
        mounts["cpuacct"] = mounts["cpu"];
        _tree = new CgroupV1Tree(mounts, [_fakes["unified"].Root]);
    }

    public void Dispose()
    {
        foreach (var fake in _fakes.Values) fake.Dispose();
    }

    [Fact]
    public void Constructor_ControllerMissing_NamesIt()
    {
        var failure = Assert.Throws<HostNotReadyException>(() => new CgroupV1Tree(new Dictionary<string, string> { ["memory"] = "/x", ["cpu"] = "/x" }, []));

        Assert.Contains("cpuacct, pids, freezer, devices", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Create_Group_MakesItInEveryLimitedHierarchy()
    {
        _tree.Create(Group);

        Assert.All(_fakes, fake => Assert.Equal(fake.Key != "unified", Directory.Exists(fake.Value.Root + Group)));
    }

    [Fact]
    public void SetLimits_Defaults_WritesTheModelsTable()
    {
        AddLimitFiles(memsw: "9223372036854771712");

        _tree.SetLimits(Group, new SandboxLimits());

        Assert.Equal("536870912", _fakes["memory"].Read(Group, "memory.limit_in_bytes"));
        Assert.StartsWith("536870912", _fakes["memory"].Read(Group, "memory.memsw.limit_in_bytes"), StringComparison.Ordinal);
        Assert.Equal("0", _fakes["memory"].Read(Group, "memory.swappiness"));
        Assert.Equal("67108864", _fakes["memory"].Read(Group, "memory.kmem.tcp.limit_in_bytes"));
        Assert.Equal("160", _fakes["pids"].Read(Group, "pids.max"));
        Assert.Equal("100000", _fakes["cpu"].Read(Group, "cpu.cfs_period_us"));
        Assert.Equal("50000", _fakes["cpu"].Read(Group, "cpu.cfs_quota_us"));
        Assert.Equal("50000", _fakes["cpu"].Read(Group, "cpu.cfs_burst_us"));
        Assert.Equal("256", _fakes["cpu"].Read(Group, "cpu.shares"));
    }

    [Fact]
    public void SetLimits_KernelWithoutSwapAccountingAndBurst_DoesWithout()
    {
        _fakes["memory"].Add(Group, ("memory.limit_in_bytes", ""));
        _fakes["pids"].Add(Group, ("pids.max", ""));
        _fakes["cpu"].Add(Group, ("cpu.cfs_period_us", ""), ("cpu.cfs_quota_us", ""), ("cpu.shares", ""));

        _tree.SetLimits(Group, new SandboxLimits());

        Assert.Equal("536870912", _fakes["memory"].Read(Group, "memory.limit_in_bytes"));
    }

    [Fact]
    public void ReadUsage_AllFilesThere_ReadsThem()
    {
        _fakes["cpu"].Add(Group, ("cpuacct.usage", "1500000000\n"));
        _fakes["memory"].Add(Group, ("memory.usage_in_bytes", "4096\n"), ("memory.max_usage_in_bytes", "8192\n"),
            ("memory.stat", "cache 2048\nrss 1\n"), ("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 4\n"));
        _fakes["pids"].Add(Group, ("pids.current", "12\n"), ("pids.events", "max 5\n"));

        Assert.Equal(
            new CgroupUsage
            {
                CpuTime = TimeSpan.FromSeconds(1.5), MemoryBytes = 4096, MemoryPeakBytes = 8192, MemoryCacheBytes = 2048, OomKills = 4,
                Tasks = 12, ForkFailures = 5,
            },
            _tree.ReadUsage(Group));
    }

    [Theory]
    [InlineData("c 1:3 rw\n", "")]
    [InlineData("c 1:3 rwm\n", "c 1:3 m")]
    [InlineData("c 136:* rwm\n", "c 136:* m")]
    [InlineData("c 10:200 rwm\n", "c 10:200 rwm")]
    [InlineData("b *:* m\n", "b *:* m")]
    [InlineData("b 1:3 rw\n", "b 1:3 rw")]
    public void ConfineDevices_LineOfTheRuntime_DeniesWhatIsTooMuch(string line, string denied)
    {
        _fakes["devices"].Add(Group, ("devices.list", line), ("devices.deny", ""));

        _tree.ConfineDevices(Group, [(1, 3), (136, null)]);

        Assert.Equal(denied, _fakes["devices"].Read(Group, "devices.deny"));
    }

    [Fact]
    public void TryRemove_LeftInTheUnifiedHierarchy_RemovesItThereToo()
    {
        _tree.Create(Group);
        _fakes["unified"].Add(Group);

        Assert.Equal(["i1"], _tree.Children("/monkeycoder"));
        Assert.True(_tree.TryRemove(Group));
        Assert.All(_fakes.Values, fake => Assert.False(Directory.Exists(fake.Root + Group)));
        Assert.Empty(_tree.Children("/monkeycoder"));
    }

    [Fact]
    public void TryRemove_BusyInOneHierarchy_IsFalse()
    {
        _tree.Create(Group);
        _fakes["pids"].Add(Group, ("cgroup.procs", "1\n"));

        Assert.False(_tree.TryRemove(Group));
    }

    [Fact]
    public void IsFrozen_OneThatIsNotYet_IsToldAgain()
    {
        _fakes["freezer"].Add(Group, ("freezer.state", "FREEZING\n"));

        Assert.False(_tree.IsFrozen(Group));
        Assert.StartsWith("FROZEN", _fakes["freezer"].Read(Group, "freezer.state"), StringComparison.Ordinal);
        Assert.True(_tree.IsFrozen(Group));
    }

    [Theory]
    [InlineData(true, true, "100", "0")]
    [InlineData(true, false, "0", "0")]
    [InlineData(false, false, "0", "-1")]
    public void SetReclaimedFirst_Any_SetsSwappinessAndSoftLimit(bool first, bool swap, string swappiness, string soft)
    {
        _fakes["memory"].Add(Group, ("memory.swappiness", ""), ("memory.soft_limit_in_bytes", ""));

        _tree.SetReclaimedFirst(Group, first, swap);

        Assert.Equal(swappiness, _fakes["memory"].Read(Group, "memory.swappiness"));
        Assert.Equal(soft, _fakes["memory"].Read(Group, "memory.soft_limit_in_bytes"));
    }

    [Fact]
    public void Kill_FrozenGroup_EndsEveryProcessAndThaws()
    {
        var (reader, writer) = Libc.Pipe();
        using var readerEnd = reader;
        using var writerEnd = writer;
        var pid = Libc.Spawn(new SpawnRequest { Path = "/bin/cat", Arguments = ["cat"], Descriptors = [new(reader, 0)] });
        _fakes["freezer"].Add(Group, ("freezer.state", ""), ("cgroup.procs", $"{pid}\n"));

        _tree.Kill(Group);

        Assert.Equal(new ChildExit(pid, -1, Libc.SIGKILL), Libc.WaitChild(pid, keep: false));
        Assert.Equal("THAWED", _fakes["freezer"].Read(Group, "freezer.state"));
    }

    private void AddLimitFiles(string memsw)
    {
        _fakes["memory"].Add(Group, ("memory.limit_in_bytes", ""), ("memory.memsw.limit_in_bytes", memsw), ("memory.swappiness", ""),
            ("memory.kmem.tcp.limit_in_bytes", ""));
        _fakes["pids"].Add(Group, ("pids.max", ""));
        _fakes["cpu"].Add(Group, ("cpu.cfs_period_us", ""), ("cpu.cfs_quota_us", ""), ("cpu.cfs_burst_us", ""), ("cpu.shares", ""));
    }
}
