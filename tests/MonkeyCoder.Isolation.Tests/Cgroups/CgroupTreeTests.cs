using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Cgroups;

public sealed class CgroupTreeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public void From_UnifiedOnly_IsV2() =>
        Assert.Equal("v2", CgroupTree.From([Mount("/sys/fs/cgroup", "cgroup2", "rw")]).Version);

    [Fact]
    public void From_Hybrid_IsV1() => Assert.Equal("v1", CgroupTree.From(
    [
        Mount("/c/unified", "cgroup2", "rw"), Mount("/c/cpu", "cgroup", "rw,cpu,cpuacct"), Mount("/c/memory", "cgroup", "rw,memory"),
        Mount("/c/pids", "cgroup", "rw,pids"), Mount("/c/freezer", "cgroup", "rw,freezer"), Mount("/c/devices", "cgroup", "rw,devices"),
        Mount("/c/systemd", "cgroup", "rw,name=systemd"),
    ]).Version);

    [Fact]
    public void From_Nothing_SaysSo() => Assert.Throws<HostNotReadyException>(() => CgroupTree.From([]));

    [Fact]
    [Trait("Needs", "root")]
    public async Task Detect_ThisHost_LimitsCountsFreezesKillsAndRemoves()
    {
        var tree = CgroupTree.Detect();
        var group = "/monkeycoder-test-" + Path.GetRandomFileName();
        var (reader, writer) = Libc.Pipe();
        using var readerEnd = reader;
        using var writerEnd = writer;
        tree.Create(group);
        try
        {
            tree.SetLimits(group, new SandboxLimits());
            // Raised and lowered: the kernel wants memory and memsw, quota and burst in an order of their own.
            tree.SetLimits(group, new SandboxLimits { MemoryBytes = 1L << 30, CpuPercent = 200, Processes = 500 });
            tree.SetLimits(group, new SandboxLimits { MemoryBytes = 64L << 20, CpuPercent = 10, Processes = 10 });
            Assert.Equal(default, tree.ReadUsage(group) with { CpuTime = default });

            var pid = Libc.Spawn(new SpawnRequest { Path = "/bin/cat", Arguments = ["cat"], Descriptors = [new(reader, 0)] });
            Join(tree, group, pid);
            Assert.Equal([pid], tree.Processes(group));
            Assert.Equal(1, tree.ReadUsage(group).Tasks);
            tree.SetFrozen(group, true);
            Assert.False(tree.TryRemove(group));

            tree.Kill(group);

            Assert.Equal(Libc.SIGKILL, Libc.WaitChild(pid, keep: false)!.Value.Signal);
        }
        finally
        {
            while (!tree.TryRemove(group)) await Task.Delay(1, Token);
        }

        Assert.DoesNotContain(group[1..], tree.Children(""));
    }

    private static void Join(ICgroupTree tree, string group, int pid)
    {
        foreach (var mount in MountTable.Read().Where(mount => mount.FileSystem.StartsWith("cgroup", StringComparison.Ordinal)))
        {
            var procs = $"{mount.MountPoint}{group}/cgroup.procs";
            if (File.Exists(procs)) CgroupFile.Write(procs, pid);
        }

        Assert.NotEqual("", tree.Version);
    }

    private static MountEntry Mount(string point, string type, string super) => new(point, type, type, "rw", super, Shared: false);
}
