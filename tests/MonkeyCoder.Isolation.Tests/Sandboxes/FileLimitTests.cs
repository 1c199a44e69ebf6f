using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>The limit on the number of files, of real sandboxes on the real store.</summary>
[Trait("Needs", "root")]
public sealed class FileLimitTests(EngineFixture fixture) : IClassFixture<EngineFixture>
{
    private const int Limit = 20_000;

    // Makes empty files until it is told to stop, and says how many it made.
    private const string Make = """
        python3 -c '
        import os, sys
        made = 0
        try:
            for i in range(200):
                os.makedirs(f"/sandbox/volumes/workspace/{i}")
                for j in range(1000):
                    os.close(os.open(f"/sandbox/volumes/workspace/{i}/{j}", os.O_CREAT | os.O_WRONLY)); made += 1
        except OSError as e:
            print(e.errno, file=sys.stderr)
        print(made)
        '
        """;

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task Files_MoreThanTheLimit_NothingCanBeAddedUntilSomeAreDeleted(SandboxProfile profile)
    {
        await using var sandbox = await fixture.AcquireAsync(profile, new SandboxLimits { Files = Limit });
        await using var neighbour = await fixture.AcquireAsync(profile, new SandboxLimits { Files = Limit });

        var made = await sandbox.RunAsync(Make);

        Assert.Equal("122\n", made.Error); // EDQUOT
        Assert.InRange(int.Parse(made.Output, null), Limit * 9 / 10, Limit * 5);
        Assert.Contains(SandboxUsage.TooManyFiles, sandbox.ReadUsage().Full!);

        // All of its places, and what is there can still be read; the neighbour does not notice.
        foreach (var place in new[] { "/home/user", "/sandbox/volumes/logs", "/sandbox/volumes/workspace" })
            Assert.Contains("Disk quota exceeded", (await sandbox.RunAsync($"echo x > {place}/more")).Error, StringComparison.Ordinal);
        Assert.Equal("1000\n", (await sandbox.RunAsync("ls /sandbox/volumes/workspace/0 | wc -l")).Output);
        Assert.Equal("x\n", (await neighbour.RunAsync("cd /sandbox/volumes/workspace && mkdir a && echo x > a/b && cat a/b")).Output);
        Assert.DoesNotContain(SandboxUsage.TooManyFiles, neighbour.ReadUsage().Full!);

        Assert.Equal(new CommandResult(0, 0, "", ""), await sandbox.RunAsync("rm -rf /sandbox/volumes/workspace/*"));
        Assert.Equal("x\n", (await sandbox.RunAsync("until echo x > /home/user/again; do sleep 0.2; done 2>/dev/null; cat /home/user/again")).Output);
        Assert.Equal("", (await sandbox.RunAsync("mkdir /sandbox/volumes/workspace/new && echo x > /sandbox/volumes/workspace/new/file")).Error);
        Assert.DoesNotContain(SandboxUsage.TooManyFiles, sandbox.ReadUsage().Full!);
    }

    [Fact]
    public async Task Files_OnGvisor_AreLimitedToo()
    {
        Assert.SkipUnless(File.Exists(new EngineOptions().GvisorPath), "needs gVisor: apt-get install runsc");
        await using var gvisor = await EngineFixture.StartAsync(static options => options.Tier = IsolationTier.Gvisor);
        await using var sandbox = await gvisor.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { Files = 2000 });

        var made = await sandbox.RunAsync(Make);

        Assert.Equal("122\n", made.Error);
        Assert.Contains(SandboxUsage.TooManyFiles, sandbox.ReadUsage().Full!);
        Assert.Equal(new CommandResult(0, 0, "", ""), await sandbox.RunAsync("rm -rf /sandbox/volumes/workspace/*"));
        Assert.Equal(0, (await sandbox.RunAsync("until echo x > /home/user/again; do sleep 0.2; done 2>/dev/null")).ExitCode);
    }

    [Fact]
    public async Task Files_ManyMadeAndDeletedBelowTheLimit_AreNotRefused()
    {
        await using var sandbox = await fixture.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { Files = Limit });

        var result = await sandbox.RunAsync("""
            python3 -c '
            import os
            for i in range(10):
                for j in range(10000): os.close(os.open(f"/sandbox/volumes/temp/{j}", os.O_CREAT | os.O_WRONLY))
                for j in range(10000): os.unlink(f"/sandbox/volumes/temp/{j}")
            print("done")
            '
            """);

        Assert.Equal(new CommandResult(0, 0, "done\n", ""), result);
    }
}
