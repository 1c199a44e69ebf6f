using System.Globalization;
using MonkeyCoder.Isolation.Mounts;
using MonkeyCoder.Isolation.Oci;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>
/// Compares the whole posture of real processes with what is written down in <c>posture-*.golden.txt</c>. A line that appears,
/// changes or goes is a change of the isolation, to be judged as one.
/// </summary>
[Trait("Needs", "root")]
public sealed class PostureTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task Agent_Profile_IsConfinedExactlyAsWrittenDown(SandboxProfile profile)
    {
        await using var sandbox = (Sandbox)await fixture.AcquireAsync(profile);

        AssertPosture(profile, "agent", sandbox, sandbox.Process.Pid);
    }

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task Process_Profile_IsConfinedExactlyAsWrittenDown(SandboxProfile profile)
    {
        await using var sandbox = (Sandbox)await fixture.AcquireAsync(profile);
        await using var process = await sandbox.StartAsync("exec sleep 1000");
        var pid = Posture.HostPid(fixture.Paths, sandbox.Id, process.Pid);
        await Posture.AwaitSleepAsync(pid, TestContext.Current.CancellationToken);

        AssertPosture(profile, "process", sandbox, pid);
    }

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task Sandbox_OfEitherLauncher_IsTheSame(SandboxProfile profile)
    {
        await using var reference = await EngineFixture.StartAsync(static options => options.Launcher = SandboxLauncher.Runc);
        await using var expected = (Sandbox)await reference.AcquireAsync(profile);
        await using var actual = (Sandbox)await fixture.AcquireAsync(profile);

        var (wanted, found) = (await WholePosture.ReadAsync(expected), await WholePosture.ReadAsync(actual));
        string[] differences = [.. wanted.Except(found).Select(static line => "- " + line), .. found.Except(wanted).Select(static line => "+ " + line)];
        Assert.True(differences.Length == 0, string.Join('\n', differences));
        // As often, too. The names of sandboxes, which differ, have sorted some of them.
        Assert.Equal(wanted.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Masks_OfThisKernel_CoverAllThatIsThere()
    {
        await using var sandbox = (Sandbox)await fixture.AcquireAsync(SandboxProfile.Strict);
        var mounted = MountTable.Parse(File.ReadLines($"/proc/{sandbox.Process.Pid}/mountinfo")).ToLookup(mount => mount.MountPoint);

        var there = OciDefaults.MaskedPaths.Where(path => File.Exists(path) || Directory.Exists(path)).ToArray();

        Assert.NotEmpty(there);
        Assert.All(there, path => Assert.Contains(mounted[path], mount => mount.FileSystem is "tmpfs" or "devtmpfs"));
    }

    [Fact]
    public async Task Devices_OfTheCgroup_AreThoseOfTheModel()
    {
        await using var sandbox = (Sandbox)await fixture.AcquireAsync(SandboxProfile.Strict);
        var list = MountTable.Read().Where(mount => mount.FileSystem == "cgroup" && mount.SuperOptions.Split(',').Contains("devices"))
            .Select(mount => $"{mount.MountPoint}{fixture.Paths.Cgroup(sandbox.Id)}/devices.list").SingleOrDefault();
        Assert.SkipWhen(list is null, "cgroup v2 has no list of devices to read.");

        Assert.Equal(
            ["c 136:* rw", "c 1:3 rw", "c 1:5 rw", "c 1:7 rw", "c 1:8 rw", "c 1:9 rw", "c 5:0 rw", "c 5:2 rw"],
            File.ReadAllLines(list).Order(StringComparer.Ordinal));
        Assert.Equal("x\n", (await sandbox.RunAsync("echo x > /dev/null && head -c1 /dev/urandom > /dev/full; echo x")).Output);
    }

    [Fact]
    public async Task Identity_OfTwoSandboxes_IsNotTheHostsAndNotShared()
    {
        await using var one = await fixture.AcquireAsync(SandboxProfile.Strict);
        await using var other = await fixture.AcquireAsync(SandboxProfile.Strict);
        const string Script = "cat /proc/sys/kernel/random/boot_id /proc/sys/user/max_inotify_instances /proc/sys/user/max_user_namespaces; hostname; cat /proc/cmdline";

        var (first, second) = (await one.RunAsync(Script), await other.RunAsync(Script));

        Assert.EndsWith("\n64\n0\nsandbox\n", first.Output, StringComparison.Ordinal);
        Assert.NotEqual(first.Output, second.Output);
        Assert.DoesNotContain(File.ReadAllText("/proc/sys/kernel/random/boot_id"), first.Output, StringComparison.Ordinal);
    }

    /// <summary>MONKEY_TEST_GOLDEN names a directory to write the actual postures to, to look at them and take them over.</summary>
    private static void AssertPosture(SandboxProfile profile, string process, Sandbox sandbox, int pid)
    {
        var first = uint.Parse(File.ReadAllText($"/proc/{pid}/uid_map").Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        var actual = Posture.Read(pid, sandbox.Id, first);
        var name = $"posture-{profile.ToString().ToLowerInvariant()}-{process}.golden.txt";
        if (Environment.GetEnvironmentVariable("MONKEY_TEST_GOLDEN") is { } directory) File.WriteAllText(Path.Combine(directory, name), actual);
        Assert.Equal(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Sandboxes", name)), actual.TrimEnd().Split('\n'));
    }
}
