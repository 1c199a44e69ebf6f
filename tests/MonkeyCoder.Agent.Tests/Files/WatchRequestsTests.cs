using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Files;

public sealed class WatchRequestsTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Watch_ChangesInTheDirectory_AreReportedInOrder()
    {
        var directory = agent.Scratch();
        await agent.RunAsync($"mkdir {directory}/sub");
        await using var watch = await agent.Client.WatchAsync(new WatchRequest(new PathRequest(directory, null), false, false, false), Token);
        await agent.RunAsync($"cd {directory}; echo x > f; chmod 600 f; mv f g; rm g; touch sub/unseen end");
        Assert.Equal(
            [("f", WatchEventType.Create), ("f", WatchEventType.Write), ("f", WatchEventType.Chmod), ("f", WatchEventType.Rename), ("g", WatchEventType.Create), ("g", WatchEventType.Remove)],
            await ReadUntilAsync(watch.ReadAllAsync(Token).GetAsyncEnumerator(Token), "end"));
    }

    [Fact]
    public async Task Watch_Recursive_FollowsDirectoriesMadeLater()
    {
        var directory = agent.Scratch();
        await agent.RunAsync($"mkdir -p {directory}/old/er");
        await using var watch = await agent.Client.WatchAsync(new WatchRequest(new PathRequest(directory, null), true, false, false), Token);
        await agent.RunAsync($"cd {directory}; touch old/er/f; mkdir -p new/a/b; touch new/a/b/f first");
        await using var changes = watch.ReadAllAsync(Token).GetAsyncEnumerator(Token);
        var made = await ReadUntilAsync(changes, "first");
        foreach (var name in (string[])["old/er/f", "new", "new/a", "new/a/b", "new/a/b/f"])
            Assert.Single(made, change => change == (name, WatchEventType.Create));

        await agent.RunAsync($"cd {directory}; mv new moved; touch moved/a/b/g; rm -r old; touch second");
        var moved = await ReadUntilAsync(changes, "second");
        Assert.True(moved.IndexOf(("new", WatchEventType.Rename)) < moved.IndexOf(("moved", WatchEventType.Create)));
        Assert.Contains(("new", WatchEventType.Rename), moved);
        Assert.Contains(("old/er/f", WatchEventType.Remove), moved);
        Assert.Contains(("old", WatchEventType.Remove), moved);
        Assert.DoesNotContain(moved, change => change.Name.StartsWith("new/", StringComparison.Ordinal));

        await agent.RunAsync($"cd {directory}; touch moved/a/b/h third");
        Assert.Contains(("moved/a/b/h", WatchEventType.Create), await ReadUntilAsync(changes, "third"));
    }

    [Fact]
    public async Task Watch_WithEntries_DescribesWhatWasWritten()
    {
        var directory = agent.Scratch();
        await using var watch = await agent.Client.WatchAsync(new WatchRequest(new PathRequest(directory, null), false, true, false), Token);
        await agent.RunAsync($"echo hello > {directory}/f");
        await foreach (var change in watch.ReadAllAsync(Token))
        {
            if (change.Type != WatchEventType.Write) continue;
            Assert.Equal(($"{directory}/f", 6L, "user"), (change.Entry!.Path, change.Entry.SizeBytes, change.Entry.Owner));
            break;
        }
    }

    [Fact]
    public async Task Watch_WhatIsNoDirectory_IsRefused()
    {
        await File.WriteAllTextAsync(Path.Combine(agent.Scratch(), "f"), "", Token);
        Assert.Equal(AgentErrorCode.NotFound, await RefusalAsync("/no/where"));
        Assert.Equal(AgentErrorCode.InvalidArgument, await RefusalAsync($"{agent.Scratch()}/f"));
    }

    private async Task<AgentErrorCode> RefusalAsync(string path) => (await Assert.ThrowsAsync<AgentException>(() =>
        agent.Client.WatchAsync(new WatchRequest(new PathRequest(path, null), false, false, false), Token))).Code;

    private static async Task<List<(string Name, WatchEventType Type)>> ReadUntilAsync(IAsyncEnumerator<WatchEventInfo> changes, string last)
    {
        List<(string, WatchEventType)> events = [];
        while (await changes.MoveNextAsync() && changes.Current.Name != last) events.Add((changes.Current.Name, changes.Current.Type));
        return events;
    }
}
