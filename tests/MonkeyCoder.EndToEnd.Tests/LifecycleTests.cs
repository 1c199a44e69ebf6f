using MonkeyCoder.Client;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>What is created is removed: after many sandboxes, and after a service that could not clean up.</summary>
public sealed class LifecycleTests
{
    private const int Cycles = 500;
    private const int AtOnce = 4;

    // Two of each profile, unless set otherwise.
    private const int Pool = 4;

    // Bounds of FLT-037 of corpus.jsonl, which this is.
    private const int MoreFiles = 10;
    private const long MoreBytes = 128 * 1024 * 1024;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FiveHundredSandboxes_CreatedRunAndKilled_LeaveNothing()
    {
        await using var node = new NodeUnderTest();
        // What waits is counted below, so it must not depend on how fast this goes.
        node.Settings["Engine__PoolMaxSize"] = "2";
        await node.InitializeAsync();
        using var client = node.NewClient();
        // The first load libraries and open what stays open.
        await RunAsync(client, 2 * AtOnce);
        await NothingLeftAsync(node, client);
        var (files, bytes) = (node.OpenFiles(), node.ResidentBytes());

        await RunAsync(client, Cycles);

        Assert.Empty(await ListAsync(client));
        await NothingLeftAsync(node, client);
        Assert.InRange(node.OpenFiles(), 1, files + MoreFiles);
        Assert.InRange(node.ResidentBytes(), 1, bytes + MoreBytes);
        // Disposing stops the service and looks again: then the pool must be gone as well, and the store.
    }

    [Fact]
    public async Task KillNine_WithTwentySandboxesRunning_NextStartRemovesThem()
    {
        await using var node = new NodeUnderTest();
        await node.InitializeAsync();
        using (var client = node.NewClient())
        {
            var sandboxes = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => client.CreateAsync(null, Token)));
            // In the middle of everything: processes, half a file, a cell, and one that is being made.
            foreach (var sandbox in sandboxes) await sandbox.StartCommandAsync("sleep 1000 & dd if=/dev/zero of=/home/user/big bs=1M count=200", null, Token);
            var cell = sandboxes[0].RunCellAsync("while True: pass", null, Token);
            var half = client.CreateAsync(null, Token);
            var before = node.Leftovers.SandboxIds();
            Assert.True(before.Count >= 20, $"{before.Count} groups");
            await node.KillAsync();
            await Assert.ThrowsAnyAsync<Exception>(() => cell);
            await Record.ExceptionAsync(() => half);
        }

        Assert.NotEmpty(node.Leftovers.List(serviceRuns: true));
        await node.StartAsync();
        using var again = node.NewClient();
        Assert.Empty(await ListAsync(again));
        await NothingLeftAsync(node, again);
        await using var fresh = await again.CreateAsync(null, Token);
        Assert.Equal("2", (await fresh.RunCellAsync("1 + 1", null, Token)).Text);
    }

    [Fact]
    public async Task KillNine_WithPausedSandboxes_NextStartRemovesThemAndReportsThemEnded()
    {
        await using var node = new NodeUnderTest();
        await node.InitializeAsync();
        var ids = new List<string>();
        using (var client = node.NewClient())
        {
            for (var i = 0; i < 3; i++)
            {
                var sandbox = await client.CreateAsync(new SandboxCreateOptions { Template = "base" }, Token);
                await sandbox.StartCommandAsync("setsid sleep 1000 & sleep 1000", null, Token);
                Assert.True(await sandbox.PauseAsync(Token));
                Assert.False(await sandbox.PauseAsync(Token));
                ids.Add(sandbox.Id);
            }

            Assert.All(await ListAsync(client), static sandbox => Assert.Equal("paused", sandbox.State));
            await node.KillAsync();
        }

        await node.StartAsync();
        using var again = node.NewClient();
        Assert.Empty(await ListAsync(again));
        foreach (var id in ids)
            Assert.Equal("not_found", (await Assert.ThrowsAsync<SandboxApiException>(() => again.ConnectAsync(id, null, Token))).Code);
        // Disposing stops the service, with a paused sandbox again, and looks for what it left.
        var last = await again.CreateAsync(new SandboxCreateOptions { Template = "base" }, Token);
        await last.RunCellAsync("x = 1", null, Token);
        await last.PauseAsync(Token);
        await last.ResumeAsync(null, Token);
        Assert.Equal("2", (await last.RunCellAsync("x + 1", null, Token)).Text);
        await last.PauseAsync(Token);
    }

    private static async Task RunAsync(SandboxClient client, int count)
    {
        var done = 0;
        await Parallel.ForEachAsync(Enumerable.Range(0, count), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = Token },
            async (number, token) =>
            {
                var sandbox = await client.CreateAsync(new SandboxCreateOptions { Template = "base" }, token);
                var result = await sandbox.RunCommandAsync($"echo {number}", null, token);
                Assert.Equal($"{number}\n", result.Stdout);
                Assert.True(await sandbox.KillAsync(token));
                Interlocked.Increment(ref done);
            });
        Assert.Equal(count, done);
    }

    private static async Task<IReadOnlyList<SandboxInfo>> ListAsync(SandboxClient client)
    {
        var all = new List<SandboxInfo>();
        await foreach (var sandbox in client.ListSandboxesAsync(cancellationToken: Token)) all.Add(sandbox);
        return all;
    }

    /// <summary>Waits until only waiting sandboxes are left, and all of them, then wants everything on the machine to be one of theirs.</summary>
    private static async Task NothingLeftAsync(NodeUnderTest node, SandboxClient client)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var period = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        using var http = new HttpClient { BaseAddress = node.Address };
        IReadOnlyList<string> left = [];
        try
        {
            while (true)
            {
                var pooled = System.Text.Json.JsonDocument
                    .Parse(await http.GetStringAsync(new Uri("/sandbox/health", UriKind.Relative), limit.Token)).RootElement.GetProperty("pooled").GetInt32();
                var ids = node.Leftovers.SandboxIds();
                left = [.. node.Leftovers.List(serviceRuns: true, ids), .. node.StrayNetworkNamespaces()];
                if (left.Count == 0 && ids.Count == pooled && pooled == Pool) return;
                await period.WaitForNextTickAsync(limit.Token);
            }
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            Assert.Fail($"After 60 s there are {node.Leftovers.SandboxIds().Count} groups, and beside them:\n{string.Join('\n', left)}");
        }
    }
}
