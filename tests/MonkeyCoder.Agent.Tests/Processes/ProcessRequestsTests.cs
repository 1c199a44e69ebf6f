using System.Security.Cryptography;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Processes;

public sealed class ProcessRequestsTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Start_CommandWithBothOutputs_ReturnsThemAndTheExitCode()
    {
        Assert.Equal(new Output("out\n", "err\n", "", 3, 0), await agent.RunAsync("echo out; echo err >&2; exit 3"));
    }

    [Fact]
    public async Task Start_HundredMegabytesOfOutput_CarriesEveryByte()
    {
        const string Script = "import sys\nb=bytes(range(256))*4096\nfor i in range(100): sys.stdout.buffer.write(b)";
        await using var stream = await agent.Client.StartProcessAsync(
            AgentUnderTest.Bash("") with { Command = "python3", Arguments = ["-c", Script] }, Token);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long total = 0;
        await foreach (var output in stream.ReadAllAsync(Token))
        {
            if (output is not ProcessChunk chunk) continue;
            Assert.True(chunk.Bytes.Length <= 32 * 1024);
            hash.AppendData(chunk.Bytes.Span);
            total += chunk.Bytes.Length;
        }

        var block = Enumerable.Range(0, 4096 * 256).Select(i => (byte)i).ToArray();
        using var expected = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < 100; i++) expected.AppendData(block);
        Assert.Equal(100 * 1024 * 1024, total);
        Assert.Equal(Convert.ToHexString(expected.GetHashAndReset()), Convert.ToHexString(hash.GetHashAndReset()));
    }

    [Fact]
    public async Task Start_Default_RunsAsTheUserWithNothingLeftOfRoot()
    {
        var output = await agent.RunAsync("id -u; id -G; grep -E '^(Uid|Gid|CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs)' /proc/self/status; echo $HOME $USER $LOGNAME; pwd");
        Assert.Equal($"""
            1001
            1001 2000 2001
            Uid:	1001	1001	1001	1001
            Gid:	1001	1001	1001	1001
            CapInh:	0000000000000000
            CapPrm:	0000000000000000
            CapEff:	0000000000000000
            CapAmb:	0000000000000000
            NoNewPrivs:	0
            {agent.Home} user user
            {agent.Home}

            """, output.Stdout);
        var bounding = await agent.RunAsync("grep -c 'CapBnd.*0000000000000000' /proc/self/status");
        Assert.Equal("0\n", bounding.Stdout);
    }

    [Fact]
    public async Task Start_AsRoot_StaysRoot()
    {
        var output = await agent.RunAsync("id -u; id -G; grep '^Uid' /proc/self/status", user: "root");
        Assert.Equal("0\n0\nUid:\t0\t0\t0\t0\n", output.Stdout);
    }

    [Fact]
    public async Task Start_UnknownUser_IsUnauthenticated()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.RunAsync("true", user: "nobody-here"));
        Assert.Equal(AgentErrorCode.Unauthenticated, e.Code);
        Assert.Equal("invalid username: 'nobody-here'", e.Message);
    }

    [Fact]
    public async Task Start_MissingDirectory_IsRefused()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() =>
            agent.Client.StartProcessAsync(AgentUnderTest.Bash("true") with { WorkingDirectory = "/no/where" }, Token));
        Assert.Equal((AgentErrorCode.InvalidArgument, "cwd '/no/where' does not exist"), (e.Code, e.Message));
    }

    [Theory]
    [InlineData("no-such-program")]
    [InlineData("/no/such/program")]
    public async Task Start_MissingProgram_IsRefused(string program)
    {
        var e = await Assert.ThrowsAsync<AgentException>(() =>
            agent.Client.StartProcessAsync(AgentUnderTest.Bash("") with { Command = program }, Token));
        Assert.Equal(AgentErrorCode.InvalidArgument, e.Code);
        Assert.Contains(program, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_Environment_LastOneWinsAndNothingElseIsThere()
    {
        await agent.Client.ConfigureAsync(
            new ConfigureRequest(new Dictionary<string, string> { ["A"] = "configured", ["B"] = "configured" }, "user", null), Token);
        await using var stream = await agent.Client.StartProcessAsync(
            AgentUnderTest.Bash("") with { Command = "env", Arguments = [], Environment = new Dictionary<string, string> { ["B"] = "own", ["C"] = "ä=1" } }, Token);
        var lines = (await Output.ReadAsync(stream)).Stdout.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal);
        Assert.Equal(["A=configured", "B=own", "C=ä=1", $"HOME={agent.Home}", "LOGNAME=user", "PATH=/usr/local/bin:/usr/bin:/bin", "USER=user"], lines);
    }

    [Fact]
    public async Task Start_Always_GivesNoDescriptorButThreeAndNoSignalIgnored()
    {
        var output = await agent.RunAsync("ls /proc/$$/fd; readlink /proc/self/fd/0; grep -E '^Sig(Ign|Blk)' /proc/self/status");
        // 32 and 33 are glibc's own; posix_spawn leaves them ignored in every child.
        Assert.Equal("0\n1\n2\n/dev/null\nSigBlk:\t0000000000000000\nSigIgn:\t0000000180000000\n", output.Stdout);
    }

    [Fact]
    public async Task Input_ThenCloseStdin_ReachesTheProcess()
    {
        await using var stream = await agent.Client.StartProcessAsync(AgentUnderTest.Bash("sha256sum") with { Stdin = true }, Token);
        var bytes = new byte[3_000_000];
        new Random(1).NextBytes(bytes);
        var process = new ProcessSelector(stream.Pid, null);
        await agent.Client.SendInputAsync(new ProcessInputRequest(process, false, bytes), Token);
        await agent.Client.CloseStdinAsync(process, Token);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)) + "  -\n", (await Output.ReadAsync(stream)).Stdout);
    }

    [Fact]
    public async Task Input_WithoutStdin_IsAnError()
    {
        await using var stream = await agent.Client.StartProcessAsync(AgentUnderTest.Bash("sleep 1000"), Token);
        var process = new ProcessSelector(stream.Pid, null);
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.SendInputAsync(new ProcessInputRequest(process, false, new byte[1]), Token));
        Assert.Equal((AgentErrorCode.Internal, "error writing to stdin: stdin not enabled or closed"), (e.Code, e.Message));
        await agent.Client.SendSignalAsync(new ProcessSignalRequest(process, 9), Token);
    }

    [Fact]
    public async Task Input_ProcessThatDoesNotRead_EndsWhenTheCallerGoes()
    {
        await using var stream = await agent.Client.StartProcessAsync(AgentUnderTest.Bash("sleep 1000") with { Stdin = true }, Token);
        var process = new ProcessSelector(stream.Pid, null);
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var write = agent.Client.SendInputAsync(new ProcessInputRequest(process, false, new byte[900_000]), gone.Token);
        await agent.Client.PingAsync(Token);
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write);
        // The lock on stdin is free again, or this would wait for ever.
        await agent.Client.CloseStdinAsync(process, Token);
        await agent.Client.CloseStdinAsync(process, Token);
        await agent.Client.SendSignalAsync(new ProcessSignalRequest(process, 9), Token);
    }

    [Fact]
    public async Task Signal_Kill_ReapsTheProcessAndItsChildrenBeforeTheAnswer()
    {
        await using var stream = await agent.Client.StartProcessAsync(AgentUnderTest.Bash("sleep 1000 & echo $!; wait"), Token);
        var child = 0;
        await foreach (var output in stream.ReadAllAsync(Token))
        {
            child = int.Parse(Encoding.ASCII.GetString(((ProcessChunk)output).Bytes.Span));
            break;
        }

        await agent.Client.SendSignalAsync(new ProcessSignalRequest(new ProcessSelector(stream.Pid, null), 9), Token);
        var probe = await agent.RunAsync($"kill -0 {stream.Pid} && echo alive; kill -0 {child} 2>&1 && cut -d' ' -f3 /proc/{child}/stat");
        Assert.DoesNotContain("alive", probe.Stdout, StringComparison.Ordinal);
        var end = await Output.ReadAsync(stream);
        Assert.Equal((-1, 9), (end.ExitCode, end.Signal));
    }

    [Fact]
    public async Task Signal_Term_DoesNotWaitForChildrenThatHoldThePipe()
    {
        await using var stream = await agent.Client.StartProcessAsync(AgentUnderTest.Bash("setsid sleep 1000 & echo $!; exec sleep 1000"), Token);
        string? child = null;
        var signal = 0;
        await foreach (var output in stream.ReadAllAsync(Token))
        {
            if (output is ProcessExit exit)
            {
                signal = exit.Signal;
                break;
            }

            child = Encoding.ASCII.GetString(((ProcessChunk)output).Bytes.Span).Trim();
            await agent.Client.SendSignalAsync(new ProcessSignalRequest(new ProcessSelector(stream.Pid, null), 15), Token);
        }

        Assert.Equal(15, signal);
        Assert.Equal(0, (await agent.RunAsync($"kill -9 {child}")).ExitCode);
    }

    [Fact]
    public async Task Exit_ChildHoldsThePipe_StreamStaysOpenUntilItEnds()
    {
        var output = await agent.RunAsync("(sleep 0.2; echo late) & echo early");
        Assert.Equal("early\nlate\n", output.Stdout);
    }

    [Fact]
    public async Task Signal_UnknownPid_IsNotFound()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.SendSignalAsync(new ProcessSignalRequest(new ProcessSelector(999999, null), 9), Token));
        Assert.Equal((AgentErrorCode.NotFound, "process with pid 999999 not found"), (e.Code, e.Message));
    }

    [Fact]
    public async Task Signal_NotOffered_IsUnimplemented()
    {
        await using var stream = await agent.Client.StartProcessAsync(AgentUnderTest.Bash("sleep 1000"), Token);
        var process = new ProcessSelector(stream.Pid, null);
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.SendSignalAsync(new ProcessSignalRequest(process, 11), Token));
        Assert.Equal(AgentErrorCode.Unimplemented, e.Code);
        await agent.Client.SendSignalAsync(new ProcessSignalRequest(process, 9), Token);
    }

    [Fact]
    public async Task Connect_ByTag_FollowsTheSameProcess()
    {
        var request = AgentUnderTest.Bash("read line; echo got $line") with { Stdin = true, Tag = "tagged" };
        await using var first = await agent.Client.StartProcessAsync(request, Token);
        await using var second = await agent.Client.ConnectProcessAsync(new ProcessSelector(0, "tagged"), Token);
        Assert.Equal(first.Pid, second.Pid);
        var listed = Assert.Single(await agent.Client.ListProcessesAsync(Token), item => item.Tag == "tagged");
        Assert.Equal((first.Pid, "/bin/bash"), (listed.Pid, listed.Command));
        await agent.Client.SendInputAsync(new ProcessInputRequest(new ProcessSelector(0, "tagged"), false, "it\n"u8.ToArray()), Token);
        Assert.Equal("got it\n", (await Output.ReadAsync(first)).Stdout);
        Assert.Equal(new Output("got it\n", "", "", 0, 0), await Output.ReadAsync(second));
        Assert.DoesNotContain(await agent.Client.ListProcessesAsync(Token), item => item.Tag == "tagged");
    }

    [Fact]
    public async Task Connect_AfterTheEnd_TellsHowItEnded()
    {
        await using var first = await agent.Client.StartProcessAsync(AgentUnderTest.Bash("exit 5"), Token);
        await Output.ReadAsync(first);
        await using var late = await agent.Client.ConnectProcessAsync(new ProcessSelector(first.Pid, null), Token);
        Assert.Equal(first.Pid, late.Pid);
        Assert.Equal(new Output("", "", "", 5, 0), await Output.ReadAsync(late));
    }

    [Fact]
    public async Task Disconnect_OfTheOnlySubscriber_LetsTheProcessGoOn()
    {
        var file = Path.Combine(agent.Scratch(), "done");
        var stream = await agent.Client.StartProcessAsync(
            AgentUnderTest.Bash($"read; head -c 5000000 /dev/zero; echo yes > {file}") with { Stdin = true, Tag = "left" }, Token);
        var process = new ProcessSelector(stream.Pid, null);
        await stream.DisposeAsync();
        await agent.Client.SendInputAsync(new ProcessInputRequest(process, false, "\n"u8.ToArray()), Token);
        try
        {
            await using var again = await agent.Client.ConnectProcessAsync(process, Token);
            await Output.ReadAsync(again);
        }
        catch (AgentException e) when (e.Code == AgentErrorCode.NotFound)
        {
            Assert.Fail("the exit is kept for 30 s");
        }

        Assert.Equal("yes\n", await File.ReadAllTextAsync(file, Token));
    }

    [Fact]
    public async Task Orphans_OfAProcess_AreReaped()
    {
        var output = await agent.RunAsync("(setsid sh -c 'exit 0' &) ; (setsid sh -c 'exit 0' &); sleep 0.3; ps -eo stat= | grep -c Z");
        Assert.Equal("0\n", output.Stdout);
    }

    [Fact]
    public async Task Agent_Itself_CannotBeInspectedOrSignalled()
    {
        var output = await agent.RunAsync("kill -TERM 1; kill -9 1; cat /proc/1/environ; ls -l /proc/1/fd; cat /proc/1/maps | wc -l", user: "user");
        Assert.DoesNotContain("DOTNET", output.Stdout, StringComparison.Ordinal);
        Assert.Equal(AgentProtocol.Version, (await agent.Client.PingAsync(Token)).ProtocolVersion);
        var asRoot = await agent.RunAsync("kill -TERM 1; kill -INT 1; kill -9 1; echo $?", user: "root");
        Assert.Equal("0\n", asRoot.Stdout);
        await agent.Client.PingAsync(Token);
    }
}
