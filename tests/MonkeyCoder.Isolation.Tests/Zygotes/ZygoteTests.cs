using System.Globalization;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Cgroups;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Tests.Sandboxes;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Tests.Zygotes;

/// <summary>Forked kernels are compared with started ones; what must differ from fork to fork does.</summary>
[Trait("Needs", "root")]
public sealed class ZygoteTests(ZygoteFixture fixture) : IClassFixture<ZygoteFixture>
{
    private const string Pid = "import os; print(os.getpid())";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SandboxProfile.Strict)]
    [InlineData(SandboxProfile.Workspace)]
    public async Task Posture_OfAForkedKernel_IsThatOfAStartedOne(SandboxProfile profile)
    {
        await using var sandbox = await fixture.Engine.AcquireAsync(profile);
        await fixture.OpenStartedAsync(sandbox);
        await fixture.OpenForkedAsync(sandbox);
        var report = await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Zygotes", "self_report.py"), Token);

        // From inside.
        var started = (await ZygoteFixture.RunAsync(sandbox, "started", report)).Split('\n');
        var forked = (await ZygoteFixture.RunAsync(sandbox, "forked", report)).Split('\n');
        Assert.Empty(started.Except(forked, StringComparer.Ordinal).Select(static line => "started " + line)
            .Concat(forked.Except(started, StringComparer.Ordinal).Select(static line => "forked " + line)));
        Assert.Equal(started, forked);

        // From outside.
        Assert.Equal(await ReadPostureAsync(sandbox, "started"), await ReadPostureAsync(sandbox, "forked"));
    }

    [Fact]
    public async Task Forks_OfOneZygote_HaveNoRandomnessInCommon()
    {
        const string Draw = """
            import random, numpy, uuid, secrets, tempfile, os, ssl, multiprocessing
            print(random.random(), numpy.random.rand(), numpy.random.default_rng().random(), uuid.uuid4(), uuid.uuid1(), secrets.token_hex(),
                  os.path.basename(tempfile.mktemp()), ssl.RAND_bytes(8).hex(), bytes(multiprocessing.current_process().authkey).hex())
            """;
        await using var one = await fixture.Engine.AcquireAsync(SandboxProfile.Strict);
        await using var other = await fixture.Engine.AcquireAsync(SandboxProfile.Strict);
        await fixture.OpenForkedAsync(one);
        await fixture.OpenForkedAsync(other);

        var (first, second) = (await ZygoteFixture.RunAsync(one, "forked", Draw), await ZygoteFixture.RunAsync(other, "forked", Draw));

        Assert.Empty(first.Split().Where(static word => word.Length > 0).Intersect(second.Split(), StringComparer.Ordinal));
    }

    [Fact]
    public async Task Kernel_Forked_IsInterruptedAndClosedAndDiesLikeAStartedOne()
    {
        await using var sandbox = await fixture.Engine.AcquireAsync(SandboxProfile.Workspace);
        await fixture.OpenForkedAsync(sandbox);

        Assert.Equal(new CellKernelDied(5, 0), await LastOfAsync(sandbox, "import os; os._exit(5)"));
        await fixture.OpenForkedAsync(sandbox);
        await using (var cell = await sandbox.Agent.ExecuteAsync(new KernelExecuteRequest("forked", "print('x', flush=True)\nwhile True: pass", new Dictionary<string, string>()), Token))
        {
            CellOutput? last = null;
            await foreach (var piece in cell.ReadAllAsync(Token))
            {
                if (piece is CellChunk) await sandbox.Agent.InterruptKernelAsync("forked", Token);
                last = piece;
            }

            Assert.Equal(new CellIdle(true), last);
        }

        Assert.Equal("again\n", await ZygoteFixture.RunAsync(sandbox, "forked", "print('again')"));
        await sandbox.Agent.CloseKernelAsync("forked", Token);
        await fixture.OpenForkedAsync(sandbox);
        Assert.Equal("fresh\n", await ZygoteFixture.RunAsync(sandbox, "forked", "print('fresh')"));
    }

    [Fact]
    public async Task Memory_OfAForkedKernel_IsChargedToItsSandbox()
    {
        await using var sandbox = await fixture.Engine.AcquireAsync(SandboxProfile.Strict, new SandboxLimits { MemoryBytes = 64L << 20 });
        await fixture.OpenForkedAsync(sandbox);

        Assert.Equal(new CellKernelDied(-1, Libc.SIGKILL), await LastOfAsync(sandbox, "x = bytearray(200 << 20)"));
        Assert.Equal(1, sandbox.ReadUsage().OomKills);
    }

    [Fact]
    public async Task Open_PackagesOfTheUsersOwn_IsStartedAfterAll()
    {
        await using var sandbox = await fixture.Engine.AcquireAsync(SandboxProfile.Workspace);
        await sandbox.RunAsync("d=$(python3 -m site --user-site); mkdir -p $d/pandas; echo 'mine = 1' > $d/pandas/__init__.py");
        var before = fixture.Engine.Engine.Zygotes.Forks;

        await sandbox.Agent.OpenKernelAsync(new KernelOpenRequest("own", "python", null, null), Token);

        Assert.Equal("1\n", await ZygoteFixture.RunAsync(sandbox, "own", "import pandas; print(pandas.mine)"));
        Assert.Equal(before, fixture.Engine.Engine.Zygotes.Forks);
    }

    [Fact]
    public async Task Zygote_Killed_IsReplacedAndKernelsAreStartedMeanwhile()
    {
        await using var sandbox = await fixture.Engine.AcquireAsync(SandboxProfile.Strict);
        var group = fixture.Engine.Paths.ZygoteCgroup(sandbox.TemplateVersion);
        var replaced = fixture.Engine.Engine.Zygotes.Replaced;
        var killed = Assert.Single(CgroupTree.Detect().Processes(group));

        Assert.Equal(0, Libc.TryKill(killed, Libc.SIGKILL));

        await sandbox.Agent.OpenKernelAsync(new KernelOpenRequest("meanwhile", "python", null, null), Token);
        Assert.Equal("works\n", await ZygoteFixture.RunAsync(sandbox, "meanwhile", "print('works')"));
        while (fixture.Engine.Engine.Zygotes.Replaced == replaced) await Task.Delay(TimeSpan.FromMilliseconds(10), Token);
        await fixture.AwaitReadyAsync();
        Assert.NotEqual(killed, Assert.Single(CgroupTree.Detect().Processes(group)));
        await fixture.OpenForkedAsync(sandbox);
    }

    private async Task<string[]> ReadPostureAsync(ISandbox sandbox, string context)
    {
        var inside = int.Parse(await ZygoteFixture.RunAsync(sandbox, context, Pid), CultureInfo.InvariantCulture);
        var pid = Posture.HostPid(fixture.Engine.Paths, sandbox.Id, inside);
        var first = uint.Parse((await File.ReadAllTextAsync($"/proc/{pid}/uid_map", Token)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        return Posture.Read(pid, sandbox.Id, first).Split('\n');
    }

    private static async Task<CellOutput?> LastOfAsync(ISandbox sandbox, string code)
    {
        await using var cell = await sandbox.Agent.ExecuteAsync(new KernelExecuteRequest("forked", code, new Dictionary<string, string>()), Token);
        CellOutput? last = null;
        await foreach (var piece in cell.ReadAllAsync(Token)) last = piece;
        return last;
    }
}
