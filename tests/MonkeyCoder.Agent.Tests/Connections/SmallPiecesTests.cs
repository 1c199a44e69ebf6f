using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Agent.Tests.Connections;

/// <summary>Output in many small pieces arrives whole and in order, in fewer pieces than it was written in.</summary>
public sealed class SmallPiecesTests(AgentUnderTest agent) : IClassFixture<AgentUnderTest>
{
    private const int Pieces = 50_000;
    private const int MostPieces = Pieces / 2;

    private static readonly Dictionary<string, string> NoVariables = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Execute_CellThatPrintsALineAtATime_IsJoined()
    {
        await OpenAsync("lines");
        var (chunks, text) = (0, new StringBuilder());
        await using var cell = await agent.Client.ExecuteAsync(
            new KernelExecuteRequest("lines", $"for i in range({Pieces}): os.write(1, b'%d\\n' % i)", NoVariables), Token);
        await foreach (var output in cell.ReadAllAsync(Token))
        {
            if (output is not CellChunk chunk) continue;
            chunks++;
            text.Append(Encoding.ASCII.GetString(chunk.Bytes.Span));
        }

        Assert.Equal(string.Concat(Enumerable.Range(0, Pieces).Select(i => $"{i}\n")), text.ToString());
        Assert.InRange(chunks, 1, MostPieces);
    }

    [Fact]
    public async Task Execute_CellWithManyResultsAndLines_KeepsEachLineBeforeItsResult()
    {
        const int Results = 5000;
        await OpenAsync("results");
        var (lines, results) = (0, 0);
        await using var cell = await agent.Client.ExecuteAsync(
            new KernelExecuteRequest("results", $"for i in range({Results}): os.write(1, b'\\n'); message('result', b'%d' % i)", NoVariables), Token);
        await foreach (var output in cell.ReadAllAsync(Token))
        {
            if (output is CellChunk chunk) lines += chunk.Bytes.Length;
            if (output is not CellMessage { Kind: "result" } message) continue;
            Assert.Equal(results++, int.Parse(Encoding.ASCII.GetString(message.Body.Span), System.Globalization.CultureInfo.InvariantCulture));
            Assert.True(lines >= results);
        }

        Assert.Equal((Results, Results), (lines, results));
    }

    [Theory]
    [InlineData(false, "\n")]
    [InlineData(true, "\r\n")]
    public async Task StartProcess_ThatWritesALineAtATime_IsJoined(bool terminal, string end)
    {
        var request = AgentUnderTest.Bash($"exec python3 -c 'import os\nfor i in range({Pieces}): os.write(1, b\"%d\\n\" % i)'");
        if (terminal) request = request with { Pty = new PtySize(80, 24) };
        await using var process = await agent.Client.StartProcessAsync(request, Token);
        var (chunks, text) = (0, new StringBuilder());
        await foreach (var output in process.ReadAllAsync(Token))
        {
            if (output is not ProcessChunk chunk) continue;
            chunks++;
            text.Append(Encoding.ASCII.GetString(chunk.Bytes.Span));
        }

        Assert.Equal(string.Concat(Enumerable.Range(0, Pieces).Select(i => $"{i}{end}")), text.ToString());
        Assert.InRange(chunks, 1, MostPieces);
    }

    private Task OpenAsync(string id) => agent.Client.OpenKernelAsync(new KernelOpenRequest(id, "test", null, null), Token);
}
