using System.Runtime.CompilerServices;
using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Kernels;

public sealed class KernelRequestsTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private static readonly Dictionary<string, string> NoVariables = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Execute_CellsOfOneKernel_KeepItsState()
    {
        var id = await OpenAsync();
        Assert.Equal("""[count {"execution_count": 1}][idle]""", await RunAsync(id, "x = 20"));
        Assert.Equal("""[count {"execution_count": 2}]21\n[idle]""", await RunAsync(id, "print(x + 1)"));
        await OpenAsync();
        Assert.Equal("""[count {"execution_count": 3}]20\n[idle]""", await RunAsync(id, "print(x)"));
    }

    [Fact]
    public async Task Execute_OutputAndMessages_KeepTheirOrder()
    {
        var id = await OpenAsync();
        var text = await RunAsync(id, "print('a', flush=True); message('result', b'{\"text\": 1}'); message('result', b''); print('b', flush=True); raise ValueError('no')");
        // What is written to a pipe right after a message may come before it: pipe and socket have no common order.
        Assert.StartsWith("""[count {"execution_count": 1}]a""", text, StringComparison.Ordinal);
        Assert.Contains("""[result {"text": 1}][result ]""", text.Replace("b\\n", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("b\\n", text[..text.IndexOf("[error", StringComparison.Ordinal)], StringComparison.Ordinal);
        Assert.EndsWith("""[error {"name": "ValueError", "value": "no", "traceback": ""}][idle]""", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_ManyMegabytesOfEverything_AllArrive()
    {
        var id = await OpenAsync();
        await using var cell = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id,
            "for i in range(40):\n  os.write(1, bytes(range(256)) * 4096)\n  message('result', b'\"' + b'm' * 3000000 + b'\"')", NoVariables), Token);
        long bytes = 0;
        var messages = 0;
        await foreach (var output in cell.ReadAllAsync(Token))
        {
            if (output is CellMessage { Kind: "result" } message)
            {
                messages++;
                Assert.Equal(3000002, message.Body.Length);
                Assert.Equal("\"mm", Encoding.ASCII.GetString(message.Body.Span[..3]));
                // What was written before the message has come before it.
                Assert.True(bytes >= (long)messages << 20);
            }
            else if (output is CellChunk chunk)
            {
                for (var i = 0; i < chunk.Bytes.Length; i++) Assert.True(chunk.Bytes.Span[i] == (byte)(bytes + i));
                bytes += chunk.Bytes.Length;
            }
        }

        Assert.Equal((40, 40L << 20), (messages, bytes));
    }

    [Fact]
    public async Task Execute_MessageOverTheBound_IsDroppedAndCounted()
    {
        var id = await OpenAsync();
        var client = AgentClient.ForUnixSocket(agent.SocketPath, new AgentClientOptions { MaxCellMessageBytes = 100_000 });
        await using var cell = await client.ExecuteAsync(new KernelExecuteRequest(id,
            "message('result', b'x' * 1000000); message('result', b'y' * 100000)", NoVariables), Token);
        List<CellOutput> outputs = [];
        await foreach (var output in cell.ReadAllAsync(Token)) outputs.Add(output);
        Assert.Equal(new CellMessageDropped("result", 1000000), outputs[1]);
        Assert.Equal(100000, Assert.IsType<CellMessage>(outputs[2]).Body.Length);
        Assert.IsType<CellIdle>(outputs[3]);
    }

    [Fact]
    public async Task Execute_CodeWithNulAndVariables_ReachTheDriverExactly()
    {
        var id = await OpenAsync();
        const string Code = "print(len(code), code.count('\\0'), os.environ['K'], flush=True) #\0ä\0";
        await using var cell = await agent.Client.ExecuteAsync(
            new KernelExecuteRequest(id, Code, new Dictionary<string, string> { ["K"] = "v w\n" }), Token);
        Assert.Contains($"{Code.Length} 2 v w\n\n", await ReadAsync(cell), StringComparison.Ordinal);
        Assert.Contains("None", await RunAsync(id, "print(os.environ.get('K'))"), StringComparison.Ordinal);
        var e = await Assert.ThrowsAsync<AgentException>(async () =>
        {
            await using var bad = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id, "1", new Dictionary<string, string> { ["K 5\n"] = "" }), Token);
            await ReadAsync(bad);
        });
        Assert.Equal(AgentErrorCode.InvalidArgument, e.Code);
    }

    [Fact]
    public async Task Execute_CodeOverAFrame_IsRefusedByTheClient()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() =>
            agent.Client.ExecuteAsync(new KernelExecuteRequest("any", new string('#', 5_000_000), NoVariables), Token));
        Assert.Equal(AgentErrorCode.InvalidArgument, e.Code);
    }

    [Fact]
    public async Task Interrupt_RunningCell_EndsItAndTheKernelLives()
    {
        var id = await OpenAsync();
        await RunAsync(id, "x = 5");
        await using var cell = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id, "print('go', flush=True)\nwhile True: time.sleep(1)", NoVariables), Token);
        var text = new StringBuilder();
        await foreach (var output in cell.ReadAllAsync(Token))
        {
            text.Append(Show(output));
            if (output is CellChunk) await agent.Client.InterruptKernelAsync(id, Token);
            if (output is CellIdle idle) Assert.True(idle.Interrupted);
        }

        Assert.Contains("KeyboardInterrupt", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("5", await RunAsync(id, "print(x)"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupt_CellThatSwallowsTheFirst_IsRepeated()
    {
        var id = await OpenAsync();
        await using var cell = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id,
            "try:\n  print('go', flush=True)\n  while True: time.sleep(1)\nexcept KeyboardInterrupt: print('once', flush=True)\nwhile True: time.sleep(1)", NoVariables), Token);
        var text = new StringBuilder();
        await foreach (var output in cell.ReadAllAsync(Token))
        {
            var first = text.Length == 0 || !text.ToString().Contains("go", StringComparison.Ordinal);
            text.Append(Show(output));
            if (first && output is CellChunk) await agent.Client.InterruptKernelAsync(id, Token);
        }

        Assert.Contains("once", text.ToString(), StringComparison.Ordinal);
        Assert.Contains("KeyboardInterrupt", text.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_ConfiguredAfterTheStart_SeesTheVariables()
    {
        using var owned = new AgentUnderTest();
        await owned.Client.OpenKernelAsync(new KernelOpenRequest("pooled", "test", null, null), Token);
        await using (var holding = await owned.Client.ExecuteAsync(new KernelExecuteRequest("pooled", "print('go', flush=True); time.sleep(1000)", NoVariables), Token))
        {
            await foreach (var output in holding.ReadAllAsync(Token))
            {
                if (output is CellChunk) break;
            }

            await owned.Client.ConfigureAsync(new ConfigureRequest(new Dictionary<string, string> { ["OWNER"] = "me" }, "user", null), Token);
            // The first cell that would have brought the variables is given up before its turn.
            await using var given = await owned.Client.ExecuteAsync(new KernelExecuteRequest("pooled", "1", NoVariables), Token);
        }

        await using var cell = await owned.Client.ExecuteAsync(new KernelExecuteRequest("pooled", "print(os.environ['OWNER'])", NoVariables), Token);
        Assert.Contains("me\n[idle]", await ReadAsync(cell), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interrupt_WhileNothingRuns_DoesNothing()
    {
        var id = await OpenAsync();
        await agent.Client.InterruptKernelAsync(id, Token);
        Assert.EndsWith("[idle]", await RunAsync(id, "1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_CallerHangsUp_TheCellIsInterruptedAndTheNextOneClean()
    {
        var id = await OpenAsync();
        var cell = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id, "x = 1\nprint('go', flush=True)\nwhile True: print('noise', flush=True)", NoVariables), Token);
        await foreach (var output in cell.ReadAllAsync(Token))
        {
            if (output is CellChunk) break;
        }

        await cell.DisposeAsync();
        Assert.Equal("""[count {"execution_count": 2}]1\n[idle]""", await RunAsync(id, "print(x)"));
    }

    [Fact]
    public async Task Execute_CallerHangsUpOnACellThatIgnoresIt_TheKernelIsKilled()
    {
        var id = await OpenAsync();
        var cell = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id,
            "signal.signal(signal.SIGINT, signal.SIG_IGN); print('go', flush=True); time.sleep(100000)", NoVariables), Token);
        await foreach (var output in cell.ReadAllAsync(Token))
        {
            if (output is CellChunk) break;
        }

        // It waits behind the one that hangs, and is told when that has taken the kernel with it.
        await using var next = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id, "1", NoVariables), Token);
        await cell.DisposeAsync();
        Assert.Equal("[died -1 9]", await ReadAsync(next));
        await OpenAsync();
        Assert.Equal("""[count {"execution_count": 1}][idle]""", await RunAsync(id, "1"));
    }

    [Fact]
    public async Task Execute_ManyAtOnce_RunOneAfterTheOther()
    {
        var id = await OpenAsync();
        await RunAsync(id, "busy = []");
        var cells = Enumerable.Range(0, 10).Select(i => RunAsync(id, $"busy.append({i}); assert len(busy) == 1; time.sleep(0.01); busy.pop(); print('fine')"));
        Assert.All(await Task.WhenAll(cells), text => Assert.Contains("fine", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Execute_ReaderThatStalls_HoldsTheKernelBack()
    {
        var id = await OpenAsync();
        var file = Path.Combine(agent.Scratch(), "progress");
        await using var cell = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id,
            $"for i in range(64):\n  os.write(1, b'x' * 1048576)\n  open('{file}', 'w').write(str(i))", NoVariables), Token);
        var reader = cell.ReadAllAsync(Token).GetAsyncEnumerator(Token);
        await reader.MoveNextAsync();
        // Another kernel is not held back.
        await agent.Client.OpenKernelAsync(new KernelOpenRequest("unheld", "test", null, null), Token);
        await RunAsync("unheld", "print('x' * 1000000)");
        Assert.True(!File.Exists(file) || int.Parse(await File.ReadAllTextAsync(file, Token)) < 8);
        long total = 0;
        while (await reader.MoveNextAsync())
        {
            if (reader.Current is CellChunk chunk) total += chunk.Bytes.Length;
        }

        Assert.Equal(64L << 20, total);
    }

    [Fact]
    public async Task Execute_KernelDies_IsReportedAfterItsOutputAndReplaced()
    {
        var id = await OpenAsync();
        Assert.Equal("""[count {"execution_count": 1}]last words[died 3 0]""", await RunAsync(id, "os.write(1, b'last words'); os._exit(3)"));
        var e = await Assert.ThrowsAsync<AgentException>(() => RunAsync(id, "1"));
        Assert.Equal((AgentErrorCode.NotFound, $"kernel '{id}' not found"), (e.Code, e.Message));
        await OpenAsync();
        Assert.Equal("""[count {"execution_count": 1}][died -1 9]""", await RunAsync(id, "os.kill(os.getpid(), 9)"));
    }

    [Fact]
    public async Task Execute_OutputBetweenCells_IsNotInTheWay()
    {
        var id = await OpenAsync();
        await RunAsync(id, "import threading\nstop = False\ndef noise():\n  while not stop: os.write(2, b'z' * 10000)\nt = threading.Thread(target=noise); t.start()");
        await agent.RunAsync("sleep 0.2");
        Assert.Contains("answer", await RunAsync(id, "stop = True; t.join(); print('answer')"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Execute_DriverSaysNonsense_TheKernelIsKilled()
    {
        await agent.Client.OpenKernelAsync(new KernelOpenRequest("garbage", "garbage", null, null), Token);
        Assert.Equal("[died -1 9]", await RunAsync("garbage", "1"));
        var id = await OpenAsync();
        Assert.Equal("""[count {"execution_count": 1}][died -1 9]""", await RunAsync(id, "raw(b'message result 99999999999\\n')"));
        Assert.Contains("killed the test kernel", await File.ReadAllTextAsync(agent.LogPath, Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_DriverThatDies_TellsItsLastWords()
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.OpenKernelAsync(new KernelOpenRequest("dying", "dying", null, null), Token));
        Assert.Equal("kernel 'dying' died before it was ready (exit code 7): no luck\n", e.Message);
    }

    [Theory]
    [InlineData("cobol")]
    [InlineData("../test")]
    [InlineData("")]
    public async Task Open_UnknownLanguage_IsUnimplemented(string language)
    {
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.OpenKernelAsync(new KernelOpenRequest("unknown", language, null, null), Token));
        Assert.Equal(AgentErrorCode.Unimplemented, e.Code);
    }

    [Fact]
    public async Task Open_OtherLanguageUnderTheSameId_IsRefused()
    {
        var id = await OpenAsync();
        var e = await Assert.ThrowsAsync<AgentException>(() => agent.Client.OpenKernelAsync(new KernelOpenRequest(id, "silent", null, null), Token));
        Assert.Equal(AgentErrorCode.AlreadyExists, e.Code);
    }

    [Fact]
    public async Task Close_KernelWithChildren_KillsThemAllAndForgetsIt()
    {
        var id = await OpenAsync();
        await RunAsync(id, "import subprocess\np = subprocess.Popen(['sleep', '87654'])");
        await agent.Client.CloseKernelAsync(id, Token);
        Assert.Equal("", (await agent.RunAsync("pgrep -f 'sleep [8]7654'")).Stdout);
        Assert.Equal(AgentErrorCode.NotFound, (await Assert.ThrowsAsync<AgentException>(() => agent.Client.CloseKernelAsync(id, Token))).Code);
        await OpenAsync();
        Assert.Equal("""[count {"execution_count": 1}][idle]""", await RunAsync(id, "1"));
    }

    [Fact]
    public async Task Close_KernelThatNeverGetsReady_FreesWhoeverWaitsForIt()
    {
        var open = agent.Client.OpenKernelAsync(new KernelOpenRequest("silent", "silent", null, null), Token);
        while (true)
        {
            try
            {
                await agent.Client.CloseKernelAsync("silent", Token);
                break;
            }
            catch (AgentException e) when (e.Code == AgentErrorCode.NotFound)
            {
                await Task.Yield();
            }
        }

        Assert.Equal(AgentErrorCode.Unavailable, (await Assert.ThrowsAsync<AgentException>(() => open)).Code);
    }

    [Fact]
    public async Task Open_InADirectory_StartsThereAsTheUserWithoutDescriptors()
    {
        await agent.Client.OpenKernelAsync(new KernelOpenRequest("where", "test", "/usr", null), Token);
        Assert.Contains("/usr 1001 ['0', '1', '2', '3', '4']", await RunAsync("where", "print(os.getcwd(), os.getuid(), sorted(os.listdir('/proc/self/fd')))"), StringComparison.Ordinal);
    }

    private async Task<string> OpenAsync([CallerMemberName] string id = "")
    {
        await agent.Client.OpenKernelAsync(new KernelOpenRequest(id, "test", null, null), Token);
        return id;
    }

    private async Task<string> RunAsync(string id, string code)
    {
        await using var cell = await agent.Client.ExecuteAsync(new KernelExecuteRequest(id, code, NoVariables), Token);
        return (await ReadAsync(cell)).Replace("\n", "\\n", StringComparison.Ordinal);
    }

    private static async Task<string> ReadAsync(ICellStream cell)
    {
        var text = new StringBuilder();
        await foreach (var output in cell.ReadAllAsync(Token)) text.Append(Show(output));
        return text.ToString();
    }

    private static string Show(CellOutput output) => output switch
    {
        CellChunk chunk => Encoding.UTF8.GetString(chunk.Bytes.Span),
        CellMessage message => $"[{message.Kind} {Encoding.UTF8.GetString(message.Body.Span)}]",
        CellIdle => "[idle]",
        CellKernelDied died => $"[died {died.ExitCode} {died.Signal}]",
        _ => output.ToString(),
    };
}
