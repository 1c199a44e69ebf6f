using MonkeyCoder.Client;
using MonkeyCoder.Security.Tests.Inside;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Internet;

/// <summary>The gateway is the service itself: while there is none, there is no way out, and the next one holds the same policy.</summary>
[Trait("Needs", "root")]
public sealed class KilledServiceTests
{
    // Tries for ever what is allowed and what is not, and writes down what it reached; -f: a refusal is not an answer.
    private const string Program = """
        while :; do
          for way in http://example.com/ '-x http://127.0.0.1:3128 http://example.com/' http://203.0.113.10/ http://evil.example.org/ http://1.1.1.1/ http://169.254.169.254/; do
            curl -sf -m 3 -o /dev/null $way && echo "reached $way" >>/tmp/tries
          done
          echo round >>/tmp/tries
        done
        """;

    private static readonly TimeSpan Time = TimeSpan.FromSeconds(60);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task KilledService_WhatStillRunsInsideSandboxes_ReachesNothing()
    {
        await using var internet = new FakeInternet();
        await using var node = new NodeUnderTest { NetworkNamespace = internet.NodeNamespace };
        await internet.StartAsync(node.Port);
        internet.Connect(node);
        await node.InitializeAsync();
        using var client = node.NewClient();
        var sandbox = await client.CreateAsync(null, Token);
        await sandbox.StartCommandAsync(Program, new CommandOptions { Timeout = Timeout.InfiniteTimeSpan }, Token);
        var tries = TriesOf(node, sandbox.Id);
        var before = await RoundsAsync(tries, 1);
        Assert.Contains("reached http://example.com/", before);
        Assert.Contains("reached -x http://127.0.0.1:3128 http://example.com/", before);

        await node.KillAsync();

        // What was under way ends in the round that has begun.
        var begun = await RoundsAsync(tries, Rounds(Read(tries)) + 1);
        var asked = internet.Log.Count;
        var all = await RoundsAsync(tries, Rounds(begun) + 2);
        Assert.All(all.Skip(begun.Count), static line => Assert.Equal("round", line));
        Assert.Equal(asked, internet.Log.Count);
        Assert.DoesNotContain(internet.Log, static line => line.StartsWith("canary", StringComparison.Ordinal));

        await node.StartAsync();
        await using var next = await StrictSandbox.CreateAsync(node, Token);
        var outcome = await next.RunAsync(
            "for site in example.com evil.example.org; do curl -s -m 10 -o /dev/null -w '%{http_code} ' -x http://127.0.0.1:3128 http://$site/; done", Time, Token);
        Assert.Equal("200 403 ", outcome.Stdout);
        Assert.False(File.Exists(tries));
    }

    /// <summary>The file as the host sees it, through a process of the sandbox.</summary>
    private static string TriesOf(NodeUnderTest node, string id) =>
        Directory.EnumerateDirectories("/sys/fs/cgroup").Append("/sys/fs/cgroup")
            .Select(hierarchy => Path.Combine(hierarchy, "monkeycoder", node.Instance, id, "cgroup.procs"))
            .Where(File.Exists)
            .SelectMany(File.ReadLines)
            .Select(static pid => $"/proc/{pid}/root/tmp/tries")
            .First();

    private static string[] Read(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    private static int Rounds(IEnumerable<string> lines) => lines.Count(static line => line == "round");

    /// <summary>Waits until so many rounds are over.</summary>
    private static async Task<IReadOnlyList<string>> RoundsAsync(string file, int count)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(Time);
        using var period = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        while (true)
        {
            var lines = Read(file);
            if (Rounds(lines) >= count) return [.. lines.Take(Array.LastIndexOf(lines, "round") + 1)];
            await period.WaitForNextTickAsync(limit.Token);
        }
    }
}
