using System.Diagnostics;
using System.Globalization;
using System.Text;
using MonkeyCoder.Client;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Security.Tests.Node;

namespace MonkeyCoder.Security.Tests.Inside;

/// <summary>Cases whose own word is not enough: each is looked at from the host, or from another sandbox, as it asks for.</summary>
[Collection(SecurityCollection.Name)]
[Trait("Needs", "root")]
public sealed class HostJudgedTests(SecurityNode security)
{
    private const long Mebibyte = 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<string> RemovedWhole => ["RES-004", "RES-047"];

    public static TheoryData<string> UsableAfterwards => ["RES-033", "RES-095"];

    /// <summary>The cases of these tests, for the count of all.</summary>
    internal static IReadOnlyList<string> Cases { get; } =
        [.. RemovedWhole.Select(static row => row.Data), .. UsableAfterwards.Select(static row => row.Data), "RES-007", "RES-064", "RES-081", "RES-090", "RES-093", "RES-094"];

    [Fact]
    public void EveryCase_JudgedFromOutside_HasItsTest() => Assert.Equal(InsideCases.JudgedFromOutside.Order(), Cases.Order());

    [Theory]
    [MemberData(nameof(RemovedWhole))]
    public async Task Kill_AfterTheCase_LeavesNothing(string id)
    {
        var tried = CorpusFile.Case(id);
        string sandboxId;
        await using (var sandbox = await StrictSandbox.CreateAsync(security.Node, Token))
        {
            sandboxId = sandbox.Id;
            Judge.AssertHeld(tried, await sandbox.RunAsync(tried, Token));
            Assert.NotEmpty(LeftOf(sandboxId));
        }

        // Nothing of it runs at once; what it had goes right after.
        Assert.DoesNotContain(LeftOf(sandboxId), static thing => thing.StartsWith("process", StringComparison.Ordinal));
        while (LeftOf(sandboxId).Length > 0) await Task.Delay(TimeSpan.FromMilliseconds(20), Token);
    }

    [Theory]
    [MemberData(nameof(UsableAfterwards))]
    public async Task Exec_AfterTheCase_Works(string id)
    {
        var tried = CorpusFile.Case(id);
        await using var sandbox = await StrictSandbox.CreateAsync(security.Node, Token);
        Judge.AssertHeld(tried, await sandbox.RunAsync(tried, Token));
        Assert.Equal("ok\n", (await sandbox.RunAsync("echo ok", TimeSpan.FromSeconds(10), Token)).Stdout);
    }

    /// <summary>RES-007: what ignores every signal is ended at its timeout, and the answer says so.</summary>
    [Fact]
    public async Task Timeout_OfCodeThatIgnoresEverySignal_IsReported()
    {
        using var client = security.Node.NewClient();
        var answer = await client.ExecuteCodeAsync(
            CorpusFile.Case("RES-007").Attempt, "deaf", TimeSpan.FromSeconds(5), new ExecuteCodeOptions { Language = "bash" }, Token);
        Assert.Equal(ExecutionStatus.Timeout, answer.Status);
    }

    /// <summary>RES-064: while one sandbox sits at its process limit, another forks fifty children.</summary>
    [Fact]
    public async Task Neighbour_OfASandboxAtItsProcessLimit_CanFork()
    {
        var tried = CorpusFile.Case("RES-064");
        await using var one = await StrictSandbox.CreateAsync(security.Node, Token);
        await using var other = await StrictSandbox.CreateAsync(security.Node, Token);
        await using var holding = await one.Remote.StartCommandAsync(
            $"exec python3 -c {StrictSandbox.Quote(tried.Attempt)}", new CommandOptions { Timeout = TimeSpan.FromMinutes(5) }, Token);
        var text = "";
        Outcome? probed = null;
        await foreach (var output in holding.ReadOutputAsync(Token))
        {
            if (output is not ProcessChunk { Stream: OutputStream.Stdout } chunk) continue;
            text += Encoding.UTF8.GetString(chunk.Bytes.Span);
            if (probed is null && text.Contains("HOLDING", StringComparison.Ordinal))
                probed = await other.RunAsync(tried.Probe!, tried.Timeout, Token);
        }

        Judge.AssertHeld(tried, new Outcome(text, null, ""));
        Judge.AssertHeld(tried, probed!);
    }

    /// <summary>RES-081: daemons are charged to the same quota.</summary>
    [Fact]
    public async Task Daemons_OfOneSandbox_ShareItsQuota()
    {
        var tried = CorpusFile.Case("RES-081");
        await using var sandbox = await StrictSandbox.CreateAsync(security.Node, Token);
        var before = CpuSeconds(sandbox.Id);
        var wall = Stopwatch.StartNew();
        Judge.AssertHeld(tried, await sandbox.RunAsync(tried, Token));
        var share = (CpuSeconds(sandbox.Id) - before) / wall.Elapsed.TotalSeconds;
        Assert.True(share <= 0.75, $"the sandbox had {share:0.00} CPUs");
    }

    /// <summary>RES-090: half a gigabyte of output is cut with a mark, and costs neither the service nor others anything.</summary>
    [Fact]
    public async Task Output_OfHalfAGigabyte_IsCutAndNotKept()
    {
        using var client = security.Node.NewClient();
        await using var other = await StrictSandbox.CreateAsync(security.Node, Token);
        var before = security.Node.ResidentBytes();
        var flood = client.ExecuteCodeAsync(CorpusFile.Case("RES-090").Attempt, "flood", TimeSpan.FromMinutes(4), null, Token);
        var answers = 0;
        while (!flood.IsCompleted)
        {
            Assert.Equal("ok\n", (await other.RunAsync("echo ok", TimeSpan.FromSeconds(10), Token)).Stdout);
            answers++;
        }

        var answer = await flood;
        Assert.True(answers > 0);
        var kept = answer.Result.Logs.Stdout.Sum(static piece => (long)piece.Length);
        Assert.True(kept <= 10 * Mebibyte, $"{kept} characters came back");
        Assert.Equal(512 * Mebibyte, kept + Assert.Single(answer.Result.Logs.Truncated!).DroppedBytes);
        Assert.True(security.Node.ResidentBytes() - before < 64 * Mebibyte, $"the service grew by {(security.Node.ResidentBytes() - before) / Mebibyte} MiB");
    }

    /// <summary>RES-093: output that looks like the end of the stream is output, and the exit code is the program's.</summary>
    [Fact]
    public async Task Output_ThatForgesTheProtocol_IsText()
    {
        const string Literal = "\u001b]0;x\u0007\u001b[2J\r\n\r\ndata: {\"type\":\"end_of_execution\",\"exitCode\":0}\n\n{\"event\":{\"end\":{\"exitCode\":0,\"exited\":true}}}\0ÿ\n";
        var tried = CorpusFile.Case("RES-093");
        await using var sandbox = await StrictSandbox.CreateAsync(security.Node, Token);
        var command = await sandbox.Remote.RunCommandAsync($"exec python3 -c {StrictSandbox.Quote(tried.Attempt)}", null, Token);
        Assert.Equal(7, command.ExitCode);
        Assert.Equal(Literal, command.Stdout);

        var cell = await sandbox.Client.ExecuteCodeAsync(tried.Attempt, "forged", null, null, Token);
        Assert.Equal(Literal, string.Concat(cell.Result.Logs.Stdout));
    }

    /// <summary>RES-094: a result of 150 MB is refused or cut; kernel, agent and service stay up.</summary>
    [Fact]
    public async Task Result_OfAHundredAndFiftyMegabytes_IsRefused()
    {
        await using var sandbox = await StrictSandbox.CreateAsync(security.Node, Token);
        var before = security.Node.ResidentBytes();
        var answer = await sandbox.Client.ExecuteCodeAsync(
            CorpusFile.Case("RES-094").Attempt, "giant", TimeSpan.FromMinutes(3), new ExecuteCodeOptions { SandboxId = sandbox.Id }, Token);
        Assert.DoesNotContain(answer.Result.Results, static result => result.Html is { Length: > 100_000_000 });
        Assert.True(
            answer.Status != ExecutionStatus.Completed || answer.Result.Logs.Truncated is { Count: > 0 }
            || answer.Result.Results.Any(static result => result.Text?.Contains("left out", StringComparison.Ordinal) == true),
            $"{answer.Status} with {answer.Result.Results.Count} results and no word of what is missing");
        var next = await sandbox.Client.ExecuteCodeAsync(
            "1 + 1", "next", null, new ExecuteCodeOptions { SandboxId = sandbox.Id }, Token);
        Assert.Equal("2", next.Result.Results.Single(static result => result.IsMainResult).Text);
        Assert.True(security.Node.ResidentBytes() - before < 64 * Mebibyte, $"the service grew by {(security.Node.ResidentBytes() - before) / Mebibyte} MiB");
    }

    private string[] LeftOf(string sandboxId) =>
        [.. security.Node.Leftovers.List(serviceRuns: true).Where(thing => thing.Contains(sandboxId, StringComparison.Ordinal))];

    private double CpuSeconds(string sandboxId)
    {
        var v1 = $"/sys/fs/cgroup/cpuacct/monkeycoder/{security.Node.Instance}/{sandboxId}/cpuacct.usage";
        if (File.Exists(v1)) return long.Parse(File.ReadAllText(v1), CultureInfo.InvariantCulture) / 1e9;
        var v2 = $"/sys/fs/cgroup/monkeycoder/{security.Node.Instance}/{sandboxId}/cpu.stat";
        return long.Parse(File.ReadLines(v2).First().Split(' ')[1], CultureInfo.InvariantCulture) / 1e6;
    }
}
