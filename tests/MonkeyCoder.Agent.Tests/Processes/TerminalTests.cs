using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Processes;

public sealed class TerminalTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_WithTerminal_IsTheControllingOneAndHasTheSize()
    {
        await using var stream = await agent.Client.StartProcessAsync(
            AgentUnderTest.Bash("stty size; tty -s && echo tty; stat -c %U:%a $(tty) >/dev/null && test -O $(tty) && echo mine; echo hi > /dev/tty; exit 4")
                with { Pty = new PtySize(101, 33) }, Token);
        Assert.Equal(new Output("", "", "33 101\r\ntty\r\nmine\r\nhi\r\n", 4, 0), await Output.ReadAsync(stream));
    }

    [Fact]
    public async Task Resize_WhileRunning_ReachesTheProcess()
    {
        await using var stream = await agent.Client.StartProcessAsync(
            AgentUnderTest.Bash("trap 'stty size; exit' WINCH; echo ready; while true; do read -t 60 line; done") with { Pty = new PtySize(80, 24) }, Token);
        var seen = new StringBuilder();
        await foreach (var output in stream.ReadAllAsync(Token))
        {
            if (output is not ProcessChunk chunk) continue;
            Assert.Equal(OutputChannel.Pty, chunk.Channel);
            var before = seen.Length;
            seen.Append(Encoding.UTF8.GetString(chunk.Bytes.Span));
            if (before == 0) await agent.Client.ResizeAsync(new ProcessResizeRequest(new ProcessSelector(stream.Pid, null), new PtySize(120, 40)), Token);
        }

        Assert.Equal("ready\r\n40 120\r\n", seen.ToString());
    }

    [Fact]
    public async Task Input_ToTheTerminal_IsEchoedAndRead()
    {
        await using var stream = await agent.Client.StartProcessAsync(
            AgentUnderTest.Bash("read line; echo got $line") with { Pty = new PtySize(80, 24) }, Token);
        var process = new ProcessSelector(stream.Pid, null);
        await agent.Client.SendInputAsync(new ProcessInputRequest(process, true, "word\n"u8.ToArray()), Token);
        Assert.Equal("word\r\ngot word\r\n", (await Output.ReadAsync(stream)).Pty);
    }

    [Fact]
    public async Task Requests_OfTheWrongKind_AreErrors()
    {
        await using var stream = await agent.Client.StartProcessAsync(
            AgentUnderTest.Bash("sleep 1000 & sleep 1000") with { Pty = new PtySize(80, 24) }, Token);
        var process = new ProcessSelector(stream.Pid, null);
        var input = await Assert.ThrowsAsync<AgentException>(() => agent.Client.SendInputAsync(new ProcessInputRequest(process, false, new byte[1]), Token));
        Assert.Equal(AgentErrorCode.Internal, input.Code);
        var close = await Assert.ThrowsAsync<AgentException>(() => agent.Client.CloseStdinAsync(process, Token));
        Assert.Equal(AgentErrorCode.FailedPrecondition, close.Code);
        await agent.Client.SendSignalAsync(new ProcessSignalRequest(process, 9), Token);
        Assert.Equal(9, (await Output.ReadAsync(stream)).Signal);
    }

    [Fact]
    public async Task Kill_OfAShellWithJobs_LeavesNoneOfThem()
    {
        await using var stream = await agent.Client.StartProcessAsync(
            AgentUnderTest.Bash("") with { Arguments = ["--norc", "-i"], Pty = new PtySize(80, 24), Tag = "jobs" }, Token);
        var process = new ProcessSelector(stream.Pid, null);
        await agent.Client.SendInputAsync(new ProcessInputRequest(process, true, "nohup sleep 98765 >/dev/null 2>&1 &\necho star''ted\n"u8.ToArray()), Token);
        var seen = new StringBuilder();
        await foreach (var output in stream.ReadAllAsync(Token))
        {
            if (output is not ProcessChunk chunk) break;
            seen.Append(Encoding.UTF8.GetString(chunk.Bytes.Span));
            if (seen.ToString().Contains("started", StringComparison.Ordinal)) break;
        }

        await agent.Client.SendSignalAsync(new ProcessSignalRequest(process, 9), Token);
        Assert.Equal("", (await agent.RunAsync("pgrep -f 'sleep [9]8765'")).Stdout);
    }
}
