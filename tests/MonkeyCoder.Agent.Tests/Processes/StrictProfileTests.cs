using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Processes;

public sealed class StrictProfileTests(StrictAgentUnderTest agent) : IClassFixture<StrictAgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("user")]
    [InlineData("sandbox")]
    public async Task Start_UnderEitherName_RunsAsTheOnlyUser(string name)
    {
        var output = await agent.RunAsync("id -u; echo $USER; grep -E '^(CapBnd|NoNewPrivs)' /proc/self/status", user: name);
        Assert.Equal($"1001\n{name}\nCapBnd:\t0000000000000000\nNoNewPrivs:\t1\n", output.Stdout);
    }

    [Theory]
    [InlineData("root", AgentErrorCode.PermissionDenied)]
    [InlineData("other", AgentErrorCode.PermissionDenied)]
    [InlineData("nobody-here", AgentErrorCode.Unauthenticated)]
    public async Task Start_AsSomeoneElse_IsRefused(string name, AgentErrorCode code)
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.RunAsync("true", user: name));
        Assert.Equal(code, e.Code);
        Assert.Contains(name, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Agent_OfTheSameUser_CannotBeInspected()
    {
        var output = await agent.RunAsync("cat /proc/1/environ /proc/1/maps /proc/1/mem; ls /proc/1/fd; readlink /proc/1/exe; kill -9 1; echo end");
        Assert.Equal("end\n", output.Stdout);
        await agent.Client.PingAsync(Token);
    }

    [Fact]
    public async Task Files_OfOthers_AreOutOfReach()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.ReadFileAsync(new FileReadRequest(new PathRequest("/etc/shadow", null), 0, -1), Token));
        Assert.Equal(AgentErrorCode.PermissionDenied, e.Code);
        var entry = await agent.Client.WriteFileAsync(new FileWriteRequest(new PathRequest("a/b", null), new Dictionary<string, string>()), new MemoryStream([1]), Token);
        Assert.Equal(("user", "-rw-r--r--", 1L), (entry.Owner, entry.Permissions, entry.SizeBytes));
    }

    [Fact]
    public async Task Signal_SandboxFullOfProcesses_StillKills()
    {
        using var crowded = new CrowdedAgentUnderTest();
        await crowded.Client.PingAsync(Token);
        await using var bomb = await crowded.Client.StartProcessAsync(
            AgentUnderTest.Bash("while :; do sleep 1000 >/dev/null 2>&1 & done") with { Tag = "bomb" }, Token);
        var full = false;
        await foreach (var output in bomb.ReadAllAsync(Token))
        {
            if (output is ProcessExit) break;
            if (full) continue;
            // bash has said that it cannot fork.
            full = true;
            var e = await Assert.ThrowsAsync<AgentException>(() => crowded.RunAsync("true"));
            Assert.Equal(AgentErrorCode.ResourceExhausted, e.Code);
            await crowded.Client.SendSignalAsync(new ProcessSignalRequest(new ProcessSelector(0, "bomb"), 9), Token);
        }

        Assert.True(full);
        Assert.Equal("free\n", (await crowded.RunAsync("echo free")).Stdout);
    }
}
