using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Files;

public sealed class FileRequestsTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Stat_FileOfTheUser_TellsEverything()
    {
        var path = Path.Combine(agent.Scratch(), "f");
        await agent.RunAsync($"echo hey > {path}; chmod 640 {path}; touch -d @1234567890.123456789 {path}");
        var entry = await agent.Client.StatAsync(new PathRequest(path, null), Token);
        Assert.Equal(new FileEntryInfo("f", path, FileEntryType.File, 4, 0x1A0, "-rw-r-----", "user", "user", 1234567890123456789, null, entry.Metadata), entry);
        Assert.Empty(entry.Metadata);
    }

    [Fact]
    public async Task Stat_Links_TellTheirTargets()
    {
        var directory = agent.Scratch();
        await agent.RunAsync($"cd {directory}; mkdir d; echo x > d/f; ln -s d/f l; ln -s d ld; ln -s nowhere broken; ln -s /dev/null dev; ln -s loop loop");
        var link = await Stat("l");
        Assert.Equal((FileEntryType.File, $"{directory}/d/f", "Lrwxrwxrwx", 0x1A4, 3L), (link.Type, link.SymlinkTarget, link.Permissions, link.Mode, link.SizeBytes));
        Assert.Equal(FileEntryType.Directory, (await Stat("ld")).Type);
        var broken = await Stat("broken");
        Assert.Equal((FileEntryType.Unspecified, "nowhere"), (broken.Type, broken.SymlinkTarget));
        Assert.Equal((FileEntryType.Symlink, "/dev/null"), ((await Stat("dev")).Type, (await Stat("dev")).SymlinkTarget));
        Assert.Equal(FileEntryType.Unspecified, (await Stat("loop")).Type);

        Task<FileEntryInfo> Stat(string name) => agent.Client.StatAsync(new PathRequest($"{directory}/{name}", null), Token);
    }

    [Fact]
    public async Task Stat_Missing_IsNotFound()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.StatAsync(new PathRequest("no/where", null), Token));
        Assert.Equal((AgentErrorCode.NotFound, $"file not found: {agent.Home}/no/where"), (e.Code, e.Message));
    }

    [Fact]
    public async Task MakeDirectory_Deep_MakesAllOfItForTheUser()
    {
        var directory = agent.Scratch();
        var entry = await agent.Client.MakeDirectoryAsync(new PathRequest($"{directory}/a/b/c", null), Token);
        Assert.Equal((FileEntryType.Directory, "drwxr-xr-x", "user", "user"), (entry.Type, entry.Permissions, entry.Owner, entry.Group));
        Assert.Equal("user", (await agent.Client.StatAsync(new PathRequest($"{directory}/a", null), Token)).Owner);
        Assert.Equal("root", (await agent.Client.MakeDirectoryAsync(new PathRequest($"{directory}/r", "root"), Token)).Owner);

        var exists = await Assert.ThrowsAsync<AgentException>(() => agent.Client.MakeDirectoryAsync(new PathRequest($"{directory}/a", null), Token));
        Assert.Equal(AgentErrorCode.AlreadyExists, exists.Code);
        await File.WriteAllTextAsync($"{directory}/f", "", Token);
        var file = await Assert.ThrowsAsync<AgentException>(() => agent.Client.MakeDirectoryAsync(new PathRequest($"{directory}/f", null), Token));
        Assert.Equal(AgentErrorCode.InvalidArgument, file.Code);
        var below = await Assert.ThrowsAsync<AgentException>(() => agent.Client.MakeDirectoryAsync(new PathRequest($"{directory}/f/g", null), Token));
        Assert.Equal(AgentErrorCode.InvalidArgument, below.Code);
    }

    [Fact]
    public async Task Move_IntoMissingDirectory_MakesIt()
    {
        var directory = agent.Scratch();
        await File.WriteAllTextAsync($"{directory}/f", "x", Token);
        var entry = await agent.Client.MoveAsync(new MoveRequest($"{directory}/f", $"{directory}/to/g", null), Token);
        Assert.Equal(("g", $"{directory}/to/g"), (entry.Name, entry.Path));
        Assert.False(File.Exists($"{directory}/f"));
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.MoveAsync(new MoveRequest($"{directory}/f", $"{directory}/h", null), Token));
        Assert.Equal(AgentErrorCode.NotFound, e.Code);
    }

    [Fact]
    public async Task List_ToADepth_IsLexicalAndDepthFirst()
    {
        var directory = agent.Scratch();
        await agent.RunAsync($"cd {directory}; mkdir -p b/x/deep a; touch b/x/deep/f b/a B a.txt a/z; ln -s b link");
        Assert.Equal(["B", "a", "a.txt", "b", "link"], await List(0));
        Assert.Equal(["B", "a", "a.txt", "b", "link"], await List(1));
        Assert.Equal(["B", "a", "a/z", "a.txt", "b", "b/a", "b/x", "link"], await List(2));
        Assert.Equal(["B", "a", "a/z", "a.txt", "b", "b/a", "b/x", "b/x/deep", "b/x/deep/f", "link"], await List(9));

        async Task<List<string>> List(int depth)
        {
            List<string> paths = [];
            await foreach (var entry in agent.Client.ListDirectoryAsync(new ListDirectoryRequest(new PathRequest(directory, null), depth), Token))
                paths.Add(entry.Path[(directory.Length + 1)..]);
            return paths;
        }
    }

    [Fact]
    public async Task List_ThroughALink_ReportsTheRequestedPath()
    {
        var directory = agent.Scratch();
        await agent.RunAsync($"cd {directory}; mkdir d; touch d/f; ln -s d link; ln -s loop loop; touch file");
        await foreach (var entry in agent.Client.ListDirectoryAsync(new ListDirectoryRequest(new PathRequest($"{directory}/link", null), 1), Token))
            Assert.Equal($"{directory}/link/f", entry.Path);
        Assert.Equal(AgentErrorCode.FailedPrecondition, await Refusal("loop"));
        Assert.Equal(AgentErrorCode.InvalidArgument, await Refusal("file"));
        Assert.Equal(AgentErrorCode.NotFound, await Refusal("nowhere"));

        async Task<AgentErrorCode> Refusal(string name) => (await Assert.ThrowsAsync<AgentException>(async () =>
        {
            await foreach (var _ in agent.Client.ListDirectoryAsync(new ListDirectoryRequest(new PathRequest($"{directory}/{name}", null), 1), Token))
            {
            }
        })).Code;
    }

    [Fact]
    public async Task Remove_TreeWithLinks_RemovesItAndNotTheirTargets()
    {
        var directory = agent.Scratch();
        await agent.RunAsync($"cd {directory}; mkdir -p t/a/b keep; touch t/f t/a/b/g keep/k; ln -s ../keep t/l");
        await agent.Client.RemoveAsync(new PathRequest($"{directory}/t", null), Token);
        await agent.Client.RemoveAsync(new PathRequest($"{directory}/t", null), Token);
        Assert.False(Directory.Exists($"{directory}/t"));
        Assert.True(File.Exists($"{directory}/keep/k"));
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.RemoveAsync(new PathRequest("/../", null), Token));
        Assert.Equal(AgentErrorCode.InvalidArgument, e.Code);
    }
}
