using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

[Trait("Needs", "root")]
public sealed class SandboxEngineTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task AcquireAsync_EmptyPool_RunsCommandsAsTheUser(SandboxProfile profile)
    {
        await using var sandbox = await fixture.AcquireAsync(profile);

        Assert.Equal(new CommandResult(0, 0, "1001 1001 user\n", ""), await sandbox.RunAsync("echo $(id -u) $(id -g) $(id -un)"));

        await sandbox.DisposeAsync();
        Assert.Equal(SandboxExit.Killed, await sandbox.Exited);
        await Assert.ThrowsAsync<AgentUnreachableException>(() => sandbox.Agent.PingAsync(Token));
        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
    }

    [Fact]
    public async Task Strict_Root_IsReadOnlyAndTheUsersPlacesAreNot()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict);

        var refused = await sandbox.RunAsync("for d in / /usr /etc /opt/monkeycoder /var /sandbox; do touch $d/x && echo wrote $d; done");
        var written = await sandbox.RunAsync("""
            set -e
            for d in /home/user /tmp /dev/shm /sandbox/volumes/workspace /sandbox/volumes/temp /sandbox/volumes/logs; do
              echo data > $d/x; stat -c '%u %g' $d/x; done
            """);
        var root = await sandbox.RunAsync("sudo -n true");

        Assert.Equal("", refused.Output);
        Assert.Equal(6, refused.Error.Split("Read-only file system").Length - 1);
        Assert.Equal(string.Concat(Enumerable.Repeat("1001 1001\n", 6)), written.Output);
        Assert.Contains("Permission denied", root.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Workspace_Sudo_IsRootOfTheSandboxOnly()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Workspace);

        var result = await sandbox.RunAsync("""
            sudo id -u && sudo touch /usr/x && stat -c %u /usr/x && sudo chown user /usr/x && sudo chroot / id -u
            sudo mkdir /opt/new && sudo mv /srv /srv2 && ls -d /srv2 && sudo rm -r /boot && test ! -e /boot && echo gone
            """);
        var refused = await sandbox.RunAsync("sudo mount -t tmpfs none /mnt; sudo mknod /tmp/null c 1 3; sudo unshare -m true; sudo hostname x");

        Assert.Equal("0\n0\n0\n/srv2\ngone\n", result.Output);
        Assert.Equal("", result.Error);
        Assert.DoesNotContain("\n\n", refused.Error, StringComparison.Ordinal);
        Assert.Equal(4, refused.Error.TrimEnd().Split('\n').Length);
    }

    [Fact]
    public async Task SharedTemplate_WritesOfOneSandbox_AreNotSeenByAnother()
    {
        await using var one = await fixture.AcquireAsync(SandboxProfile.Workspace);
        await using var other = await fixture.AcquireAsync(SandboxProfile.Workspace);

        await one.RunAsync("sudo sh -c 'echo changed > /etc/hostname'; echo x > /home/user/.profile; sudo rm /etc/debian_version");

        var seen = await other.RunAsync("grep -c changed /etc/hostname /home/user/.profile; ls /etc/debian_version; ls /proc | grep -c '^[0-9]'");
        Assert.Contains("/etc/debian_version", seen.Output, StringComparison.Ordinal);
        Assert.Contains("/etc/hostname:0", seen.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_Memory_KillsTheProcessAndNotTheSandbox()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { MemoryBytes = 64L << 20 });

        var result = await sandbox.RunAsync("python3 -c 'x = bytearray(200 << 20)'");

        Assert.True(result.ExitCode == 137 || result.Signal == Libc.SIGKILL, result.ToString());
        Assert.Equal(1, sandbox.ReadUsage().OomKills);
        Assert.Equal("alive\n", (await sandbox.RunAsync("echo alive")).Output);
    }

    [Fact]
    public async Task Limits_Disk_EndsAtTheLimitAndIsCounted()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Workspace, new SandboxLimits { DiskBytes = 32L << 20 });

        var result = await sandbox.RunAsync("dd if=/dev/zero of=/home/user/big bs=1M count=100 2>&1; rm /home/user/big; echo x > /home/user/small && cat /home/user/small");

        Assert.Matches("No space left on device|Disk quota exceeded", result.Output);
        Assert.EndsWith("x\n", result.Output, StringComparison.Ordinal);
        Assert.True(sandbox.ReadUsage().DiskWrittenBytes > 8L << 20, sandbox.ReadUsage().ToString());
    }

    [Fact]
    public async Task Limits_Processes_RefusesForksAndCountsThem()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { Processes = 20 });

        await sandbox.RunAsync("for i in $(seq 100); do sleep 1000 >/dev/null 2>&1 & done");

        var usage = sandbox.ReadUsage();
        Assert.True(usage.ForkFailures > 0, usage.ToString());
        Assert.InRange(usage.Processes, 20, 20 + SandboxLimits.AgentTaskReserve);
    }

    [Fact]
    public async Task SetLimits_Running_TakesHold()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict);

        sandbox.SetLimits(new SandboxLimits { MemoryBytes = 64L << 20, OpenFiles = 100, CpuPercent = 100, Processes = 64, DiskBytes = 64L << 20 });

        Assert.Equal("100\n", (await sandbox.RunAsync("ulimit -n")).Output);
        Assert.NotEqual(0, (await sandbox.RunAsync("python3 -c 'x = bytearray(200 << 20)'")).ExitCode);
        Assert.Equal(100, sandbox.Spec.Limits.OpenFiles);
    }

    [Fact]
    public async Task ReadUsage_Work_IsMeasured()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict);
        var before = sandbox.ReadUsage();

        await sandbox.RunAsync("python3 -c 'sum(range(3000000)); x = bytearray(100 << 20)'; dd if=/dev/zero of=/sandbox/volumes/temp/x bs=1M count=8 conv=fsync");
        var after = sandbox.ReadUsage();

        Assert.True(after.CpuTime - before.CpuTime > TimeSpan.FromMilliseconds(10), after.ToString());
        Assert.True(after.MemoryPeakBytes > 100L << 20, after.ToString());
        Assert.True(after.DiskWrittenBytes - before.DiskWrittenBytes >= 8L << 20, after.ToString());
        sandbox.ResetMemoryPeak();
        Assert.True(sandbox.ReadUsage().MemoryPeakBytes < 100L << 20);
        await sandbox.DisposeAsync();
        Assert.True(sandbox.ReadUsage().CpuTime >= after.CpuTime);
    }

    [Fact]
    public async Task Freeze_ThenThaw_StopsAndContinues()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict);
        await sandbox.FreezeAsync();
        var ping = sandbox.Agent.PingAsync(Token);
        Assert.NotSame(ping, await Task.WhenAny(ping, Task.Delay(50, Token)));

        sandbox.Thaw();

        await ping.WaitAsync(Deadline, Token);
    }

    [Fact]
    public async Task FreezeAsync_WithWork_StopsAllOfItAndItIsTheFirstToGo()
    {
        await using var sandbox = (Sandbox)await fixture.AcquireAsync(SandboxProfile.Workspace);
        await using var process = await sandbox.StartAsync("while true; do /bin/true; done & dd if=/dev/zero of=/home/user/x bs=1M count=20; exec sleep 1000");
        var group = fixture.Paths.Cgroup(sandbox.Id);
        var tree = CgroupTree.Detect();
        var before = Scores();

        await sandbox.FreezeAsync();

        Assert.True(tree.IsFrozen(group));
        var cpu = sandbox.ReadUsage().CpuTime;
        Assert.All(Scores().Values, score => Assert.Equal(1000, score));
        await Task.Delay(50, Token);
        Assert.Equal(cpu, sandbox.ReadUsage().CpuTime);
        sandbox.ReclaimMemory();
        Assert.True(sandbox.ReadUsage().MemoryCacheBytes < 4L << 20, sandbox.ReadUsage().ToString());

        sandbox.Thaw();

        Assert.Equal("", (await sandbox.RunAsync("cat /home/user/x >/dev/null")).Error);
        var after = Scores();
        Assert.All(before.Where(old => after.ContainsKey(old.Key)), old => Assert.Equal(old.Value, after[old.Key]));
        Assert.Contains(sandbox.Process.Pid, after.Keys);

        Dictionary<int, long> Scores() => tree.Processes(group).ToDictionary(
            static pid => pid, static pid => CgroupFile.ReadNumber($"/proc/{pid}/oom_score_adj"));
    }

    [Fact]
    public async Task DisposeAsync_WhileItIsBeingFrozen_RemovesAll()
    {
        var sandbox = await fixture.AcquireAsync(SandboxProfile.Workspace);
        await using var process = await sandbox.StartAsync("while true; do /bin/true; done");

        var freezes = Enumerable.Range(0, 8).Select(_ => Task.Run(sandbox.FreezeAsync, Token)).ToArray();
        await sandbox.DisposeAsync();

        await Task.WhenAll(freezes).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
    }

    [Fact]
    public async Task DisposeAsync_FrozenWithProcesses_RemovesAll()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Workspace);
        await using var process = await sandbox.StartAsync("sudo sleep 1000 & setsid sleep 1000 & exec sleep 1000");
        await sandbox.FreezeAsync();

        await sandbox.DisposeAsync();

        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
    }

    [Fact]
    public async Task Exited_AgentKilledFromOutside_IsAgentDied()
    {
        await using var sandbox = (Sandbox)await fixture.AcquireAsync(SandboxProfile.Strict);
        Assert.False(sandbox.Exited.IsCompleted);

        Assert.Equal(0, Libc.TryKill(sandbox.Process.Pid, Libc.SIGKILL));

        Assert.Equal(SandboxExit.AgentDied, await sandbox.Exited.WaitAsync(Deadline, Token));
        // The node is a subreaper and has reaped it.
        Assert.Equal(new ChildExit(sandbox.Process.Pid, -1, Libc.SIGKILL), await sandbox.Process.Ended);
    }

    [Fact]
    public async Task AcquireAsync_UnknownTemplate_SaysSo() => await Assert.ThrowsAsync<UnknownTemplateException>(
        () => fixture.Engine.AcquireAsync(new SandboxSpec { Template = "nowhere" }, Token));

    [Fact]
    public async Task AcquireAsync_CancelledOnTheWay_LeavesNothing()
    {
        foreach (var milliseconds in new[] { 0, 5, 20, 40, 60 })
        {
            using var cancelled = new CancellationTokenSource(TimeSpan.FromMilliseconds(milliseconds));
            try
            {
                await using var sandbox = await fixture.Engine.AcquireAsync(new SandboxSpec(), cancelled.Token);
            }
            catch (OperationCanceledException)
            {
                // Wherever it was.
            }
        }

        await Leftovers.AssertNoneAsync(fixture.Paths, running: true);
    }

    [Fact]
    public async Task StartAsync_StateDirectoryInUse_SaysSo()
    {
        await using var second = EngineFixture.NewEngine(fixture.Options);

        var failure = await Assert.ThrowsAsync<HostNotReadyException>(() => second.StartAsync(Token));

        Assert.Contains("Another service", failure.Message, StringComparison.Ordinal);
    }
}
