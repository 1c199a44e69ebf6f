using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Reclaim;
using MonkeyCoder.Isolation.Tests.Sandboxes;
using MonkeyCoder.Isolation.Unprivileged;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Unprivileged;

[Trait("Needs", "root")]
public sealed class UnprivilegedEngineTests(UnprivilegedFixture fixture) : IClassFixture<UnprivilegedFixture>
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private EngineFixture Engine => fixture.Engine;

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task AcquireAsync_RunsCommandsAsTheUser_AndDisposeLeavesNothing(SandboxProfile profile)
    {
        await using var sandbox = await Engine.AcquireAsync(profile);

        var result = await sandbox.RunAsync("echo $(id -un) $(id -gn) $HOME; python3 -c 'import numpy; print(numpy.arange(3).sum())'; node -e 'console.log(6 * 7)'");

        Assert.Equal(new CommandResult(0, 0, "user user /home/user\n3\n42\n", ""), result);
        await sandbox.DisposeAsync();
        Assert.Equal(SandboxExit.Killed, await sandbox.Exited);
        await Assert.ThrowsAsync<AgentUnreachableException>(() => sandbox.Agent.PingAsync(Token));
        await Leftovers.AssertNoneAsync(Engine.Paths, running: true);
    }

    [Fact]
    public async Task Root_IsNobodysToWriteTo_AndTheUsersPlacesAre()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict);

        var refused = await sandbox.RunAsync("for d in / /usr /usr/bin /etc /opt/monkeycoder /var /dev /run/lock /sandbox; do touch $d/x && echo wrote $d; done; echo x >> /etc/passwd && echo wrote passwd");
        var written = await sandbox.RunAsync("""
            set -e
            for d in /home/user /tmp /var/tmp /dev/shm /sandbox/volumes/workspace /sandbox/volumes/temp /sandbox/volumes/logs; do
              echo data > $d/x; stat -c '%U %G' $d/x; done
            echo gone > /dev/null; head -c 3 /dev/zero | wc -c
            """);

        Assert.Equal("", refused.Output);
        Assert.Equal(string.Concat(Enumerable.Repeat("user user\n", 7)) + "3\n", written.Output);
        Assert.Equal("", written.Error);
    }

    [Fact]
    public async Task Template_WhatOneSandboxChanges_IsSeenByNoOther()
    {
        await using (var one = await Engine.AcquireAsync(SandboxProfile.Strict))
            Assert.Equal(0, (await one.RunAsync("echo changed >> ~/.profile; echo changed >> ~/.bashrc; rm ~/.bash_logout")).ExitCode);
        await using var other = await Engine.AcquireAsync(SandboxProfile.Strict);

        var seen = await other.RunAsync("grep -c changed ~/.profile ~/.bashrc; ls ~/.bash_logout");

        Assert.Equal("/home/user/.profile:0\n/home/user/.bashrc:0\n/home/user/.bash_logout\n", seen.Output);
    }

    [Fact]
    public async Task RootOfASlot_UsedAgain_HasNothingOfTheLastSandbox()
    {
        // The lowest free slot is taken, and what other tests had may still be on its way to be removed.
        await Leftovers.AssertNoneAsync(Engine.Paths, running: true);
        string host;
        await using (var one = (Sandbox)await Engine.AcquireAsync(SandboxProfile.Strict))
        {
            host = new FileInfo($"/proc/{one.Process.Pid}/root").LinkTarget!;
            await one.RunAsync("for d in /home/user /tmp /var/tmp /dev/shm /sandbox/volumes/workspace /sandbox/volumes/temp /sandbox/volumes/logs; do echo mine > $d/mine; mkdir $d/.hidden; done; chmod 0 /tmp/.hidden");
        }

        // Its slot is free when it has been removed.
        await Leftovers.AssertNoneAsync(Engine.Paths, running: true);
        await using var next = (Sandbox)await Engine.AcquireAsync(SandboxProfile.Strict);

        Assert.Equal(host, new FileInfo($"/proc/{next.Process.Pid}/root").LinkTarget);
        Assert.Equal("", (await next.RunAsync("find / -xdev \\( -name mine -o -name .hidden \\) 2>/dev/null")).Output);
        Assert.Equal("drwxrwxrwt drwxrwxrwt\n", (await next.RunAsync("echo $(stat -c %A /tmp /var/tmp)")).Output);
    }

    [Fact]
    public async Task Walls_WhatTheyRefuse_IsRefused()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict);

        var result = await sandbox.RunAsync("""
            cat > /tmp/walls.py <<'END'
            import ctypes, errno, os, socket
            libc = ctypes.CDLL(None, use_errno=True)
            def call(number, *arguments):
                ctypes.set_errno(0)
                return 'DONE' if libc.syscall(number, *arguments) >= 0 else errno.errorcode[ctypes.get_errno()]
            def family(number):
                try: socket.socket(number).close(); return 'DONE'
                except OSError as e: return errno.errorcode[e.errno]
            def tried(action):
                try: action(); return 'DONE'
                except OSError as e: return errno.errorcode[e.errno]
            print('ipv4', family(socket.AF_INET), 'ipv6', family(socket.AF_INET6), 'netlink', family(socket.AF_NETLINK), 'packet', family(socket.AF_PACKET))
            print('unshare', call(272, 0x10000000), 'mount', call(165, 0, 0, 0, 0, 0), 'chroot', call(161, b'/tmp'), 'ptrace', call(101, 16, os.getppid(), 0, 0))
            print('bpf', call(321, 0, 0, 0), 'io_uring', call(425, 1, 0), 'memfd', call(319, b'x', 0), 'shmget', call(29, 0, 4096, 0o1600), 'keyctl', call(250, 0, 0, 0))
            print('setuid', tried(lambda: os.setuid(0)), 'kill', tried(lambda: os.kill(1, 0)), 'shadow', tried(lambda: open('/etc/shadow')))
            print('link', tried(lambda: os.link('/etc/passwd', '/tmp/passwd')) in ('EPERM', 'EXDEV'), 'up', os.path.exists('/../../../../../proc/1'))
            END
            python3 /tmp/walls.py; sudo -n true
            """);

        Assert.Equal("""
            ipv4 IPV4 ipv6 EAFNOSUPPORT netlink EAFNOSUPPORT packet EAFNOSUPPORT
            unshare EPERM mount EPERM chroot EPERM ptrace EPERM
            bpf EPERM io_uring ENOSYS memfd ENOSYS shmget ENOSYS keyctl EPERM
            setuid EPERM kill EPERM shadow EACCES
            link True up False

            """.Replace("IPV4", Engine.Engine.Tier.HasNetwork ? "DONE" : "EAFNOSUPPORT", StringComparison.Ordinal), result.Output);
        Assert.Contains("no new privileges", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AbstractSocket_OfTheHost_CannotBeReached()
    {
        var name = "\0monkey-test-" + Path.GetRandomFileName();
        using var listener = new System.Net.Sockets.Socket(
            System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Unspecified);
        listener.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(name));
        listener.Listen();
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict);

        var result = await sandbox.RunAsync($"""
            python3 -c '
            import errno, socket
            for make in (lambda: socket.socketpair(), lambda: socket.socket(socket.AF_UNIX).connect("\0{name[1..]}")):
                try: make(); print("DONE")
                except OSError as e: print(errno.errorcode[e.errno])
            '
            """);

        // EAFNOSUPPORT: a kernel whose Landlock has no scopes, so that no such socket is made at all.
        Assert.Equal(Libc.LandlockVersion() >= Libc.LandlockVersionWithScopes ? "DONE\nEPERM\n" : "DONE\nEAFNOSUPPORT\n", result.Output);
    }

    [Fact]
    public async Task TwoSandboxes_NeitherReachesTheOther()
    {
        await using var one = (Sandbox)await Engine.AcquireAsync(SandboxProfile.Strict);
        await using var other = (Sandbox)await Engine.AcquireAsync(SandboxProfile.Strict);

        var refused = await one.RunAsync($"kill -9 {other.Process.Pid}");
        // All that it can reach is all of its own, and its agent is one of them.
        await Assert.ThrowsAsync<AgentUnreachableException>(() => one.RunAsync("kill -9 -1; sleep 1000"));

        Assert.Contains("not permitted", refused.Error, StringComparison.Ordinal);
        Assert.Equal(SandboxExit.AgentDied, await one.Exited.WaitAsync(Deadline, Token));
        Assert.Equal("alive\n", (await other.RunAsync("echo alive")).Output);
    }

    [Fact]
    public async Task Agent_AsTheHostSeesIt_IsConfined()
    {
        await using var sandbox = (Sandbox)await Engine.AcquireAsync(SandboxProfile.Strict);

        AssertConfined(sandbox.Process.Pid);
        // The agent is the only child of the gatekeeper.
        var children = UserProcess.ReadAll().Where(process => process.ParentPid == sandbox.Process.Pid).ToArray();
        if (Engine.Engine.Tier.HasNetwork) AssertConfined(Assert.Single(children).Pid);
    }

    private void AssertConfined(int pid)
    {
        var status = File.ReadAllLines($"/proc/{pid}/status");

        string Of(string key) => status.First(line => line.StartsWith(key + ":", StringComparison.Ordinal))[(key.Length + 1)..].Trim();
        Assert.Equal("0000000000000000", Of("CapEff"));
        Assert.Equal("0000000000000000", Of("CapPrm"));
        Assert.Equal("0000000000000000", Of("CapBnd"));
        Assert.Equal("1", Of("NoNewPrivs"));
        Assert.Equal("2", Of("Seccomp"));
        Assert.Equal("", Of("Groups"));
        Assert.Single(Of("Uid").Split('\t').Distinct());
        Assert.StartsWith(Engine.Paths.StateDirectory, new FileInfo($"/proc/{pid}/root").LinkTarget, StringComparison.Ordinal);
        Assert.Equal("10", File.ReadAllText($"/proc/{pid}/stat").Split(' ')[18]);
    }

    [Fact]
    public async Task Limits_Memory_KillsTheProcessAndNotTheSandbox()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { MemoryBytes = 128L << 20 });

        var result = await sandbox.RunAsync("python3 -c 'x = bytearray(200 << 20); import time; time.sleep(600)'");

        Assert.True(result.ExitCode == 137 || result.Signal == Libc.SIGKILL, result.ToString());
        Assert.Equal(1, sandbox.ReadUsage().OomKills);
        Assert.Equal("alive\n", (await sandbox.RunAsync("echo alive")).Output);
    }

    [Fact]
    public async Task Limits_OneAllocationFarOver_IsRefusedAtOnce()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { MemoryBytes = 128L << 20 });

        var result = await sandbox.RunAsync("python3 -c 'x = bytearray(4 << 30)'");

        Assert.Contains("MemoryError", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Limits_ForksThatShareTheirMemory_AreNotCountedTwice()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { MemoryBytes = 256L << 20 });

        var result = await sandbox.RunAsync("""
            python3 -c '
            import os, time
            x = bytearray(100 << 20)
            children = [os.fork() for _ in range(4)] if True else 0
            time.sleep(2)
            os._exit(0) if 0 in children else [os.waitpid(child, 0) for child in children]
            print("done")
            '
            """);

        Assert.EndsWith("done\n", result.Output, StringComparison.Ordinal);
        Assert.Equal(0, sandbox.ReadUsage().OomKills);
    }

    [Fact]
    public async Task Limits_Disk_WriterBehindATimeThatNobodyCountsAnyMore_IsKilled()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { DiskBytes = 32L << 20 });

        var result = await sandbox.RunAsync("""
            exec python3 -c '
            import os, signal, time
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            if os.fork() == 0:
                while time.process_time() < 4: pass
                os._exit(0)
            try: os.wait()
            except ChildProcessError: pass
            for _ in range(150):
                with open("/home/user/big", "ab") as big: big.write(b"0" * 1000000)
                time.sleep(0.05)
            '
            """);

        Assert.True(result.ExitCode == 137 || result.Signal == Libc.SIGKILL, result.ToString());
    }

    [Fact]
    public async Task Limits_Disk_KillsTheWriterAndSaysHowMuchThereIs()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { DiskBytes = 32L << 20 });

        var result = await sandbox.RunAsync("while :; do head -c 1000000 /dev/zero >> /home/user/big; done");

        Assert.True(result.ExitCode == 137 || result.Signal == Libc.SIGKILL, result.ToString());
        Assert.True(sandbox.ReadUsage().DiskUsedBytes > 32L << 20, sandbox.ReadUsage().ToString());
        Assert.Equal("alive\n", (await sandbox.RunAsync("rm /home/user/big; echo alive")).Output);
    }

    [Fact]
    public async Task Limits_Files_KillsWhatMakesThemAndIsNamed()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { Files = 2000 });
        Assert.DoesNotContain(SandboxUsage.TooManyFiles, sandbox.ReadUsage().Full!);

        var result = await sandbox.RunAsync("cd /sandbox/volumes/workspace; i=0; while :; do : > $i; i=$((i + 1)); done");

        Assert.True(result.ExitCode == 137 || result.Signal == Libc.SIGKILL, result.ToString());
        Assert.Contains(SandboxUsage.TooManyFiles, sandbox.ReadUsage().Full!);
        await sandbox.RunAsync("find /sandbox/volumes/workspace -type f -delete");
        Assert.DoesNotContain(SandboxUsage.TooManyFiles, sandbox.ReadUsage().Full!);
    }

    [Fact]
    public async Task Limits_Processes_RefusesForksAndCountsThem()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { Processes = 20 });

        var result = await sandbox.RunAsync("for i in $(seq 100); do sleep 1000 >/dev/null 2>&1 & done; echo end");

        Assert.Matches("(?i)cannot fork|resource temporarily unavailable|no more processes", result.Error);
        var usage = sandbox.ReadUsage();
        Assert.True(usage.ForkFailures > 0, usage.ToString());
        Assert.InRange(usage.Processes, 20, 20 + SandboxLimits.AgentTaskReserve);
    }

    [Fact]
    public async Task DisposeAsync_ProcessesThatForkAndRun_AreAllGone()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict);
        await using var process = await sandbox.StartAsync("""
            setsid sleep 1000 & exec python3 -c '
            import os
            while True:
                if os.fork(): os._exit(0)
                os.setsid()
            '
            """);

        await sandbox.DisposeAsync();

        await Leftovers.AssertNoneAsync(Engine.Paths, running: true);
    }

    [Fact]
    public async Task Freeze_ThenThaw_StopsAndContinues()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict);
        await sandbox.FreezeAsync();
        var ping = sandbox.Agent.PingAsync(Token);
        Assert.NotSame(ping, await Task.WhenAny(ping, Task.Delay(50, Token)));

        sandbox.Thaw();

        await ping.WaitAsync(Deadline, Token);
    }

    [Fact]
    public async Task ReadUsage_Work_IsMeasured()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict);
        var before = sandbox.ReadUsage();

        await sandbox.RunAsync("python3 -c 'sum(range(9000000))'; head -c 5000000 /dev/zero > /sandbox/volumes/temp/x");
        var after = sandbox.ReadUsage();

        Assert.True(after.CpuTime > before.CpuTime, after.ToString());
        Assert.True(after.MemoryBytes > 0, after.ToString());
        Assert.InRange(after.DiskUsedBytes - before.DiskUsedBytes, 5_000_000, 5_100_000);
        await sandbox.DisposeAsync();
        Assert.True(sandbox.ReadUsage().CpuTime >= after.CpuTime);
    }

    [Fact]
    public async Task TreeDeeperThanAPath_IsRemoved()
    {
        await using var sandbox = await Engine.AcquireAsync(SandboxProfile.Strict);
        var made = await sandbox.RunAsync("""
            python3 -c '
            import os
            os.chdir("/home/user")
            for i in range(3000): os.mkdir("directory"); os.chdir("directory")
            open("bottom", "w").close(); print("made")
            '
            """);
        Assert.Equal("made\n", made.Output);

        await sandbox.DisposeAsync();

        await Leftovers.AssertNoneAsync(Engine.Paths, running: true);
    }

    [Fact]
    public async Task Reclaim_AfterKillNine_RemovesEverySandbox()
    {
        var directory = Directory.CreateTempSubdirectory("mk-").FullName;
        var options = UnprivilegedFixture.Choose(EngineFixture.NewOptions(directory));
        var paths = new EnginePaths(options);
        using (var crashing = await CrashingEngine.StartAsync(directory, 2, Token, IsolationTier.Unprivileged)) await crashing.KillAsync();
        Assert.NotEmpty(Leftovers.Find(paths, running: true));

        await using (var engine = EngineFixture.NewEngine(options))
        {
            await engine.StartAsync(Token);
            await Leftovers.AssertNoneAsync(paths, running: true);
        }

        await Leftovers.AssertNoneAsync(paths);
        Directory.Delete(directory, recursive: true);
    }
}
