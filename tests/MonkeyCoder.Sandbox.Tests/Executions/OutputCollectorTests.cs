using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.Tests.Executions;

public sealed class OutputCollectorTests
{
    [Fact]
    public void Logs_WithinTheLimit_AreWhatCame()
    {
        var collector = new OutputCollector(new ExecutionOptions());
        Add(collector, OutputChannel.Stdout, "one\ntw");
        Add(collector, OutputChannel.Stderr, "error\n");
        Add(collector, OutputChannel.Stdout, "o\n\nrest");

        Assert.Equal(["one", "error", "two", "", "rest"], collector.Lines());
        var logs = collector.Logs();
        Assert.Equal(["one\ntw", "o\n\nrest"], logs.Stdout);
        Assert.Equal(["error\n"], logs.Stderr);
        Assert.Null(logs.Truncated);
    }

    [Fact]
    public void Logs_OverTheLimit_KeepWholeCharactersAndSayWhereTheyWereCut()
    {
        var collector = new OutputCollector(new ExecutionOptions { MaxOutputBytes = 10 });
        Add(collector, OutputChannel.Stdout, "12345678");
        Add(collector, OutputChannel.Stdout, "€€");
        Add(collector, OutputChannel.Stdout, "x");

        var logs = collector.Logs();

        Assert.Equal("12345678", string.Concat(logs.Stdout));
        Assert.Equal([new OutputCut("stdout", "output_limit", 8, 7)], logs.Truncated);
    }

    [Fact]
    public void Logs_ManyTinyPieces_AreJoined()
    {
        var collector = new OutputCollector(new ExecutionOptions());
        for (var i = 0; i < 5000; i++) Add(collector, OutputChannel.Stdout, "x");

        var logs = collector.Logs();

        Assert.Equal(1000, logs.Stdout.Count);
        Assert.Equal(new string('x', 5000), string.Concat(logs.Stdout));
    }

    [Fact]
    public void Line_OverTheLength_GoesOnAsTheNextWithoutLosingAnything()
    {
        var collector = new OutputCollector(new ExecutionOptions());
        var line = new string('x', LineCollector.MaxLineLength - 1) + "😀" + new string('y', LineCollector.MaxLineLength);
        Add(collector, OutputChannel.Stdout, line[..1000]);
        Add(collector, OutputChannel.Stdout, line[1000..] + "\nnext\n");

        var lines = collector.Lines();

        Assert.Equal(line, string.Concat(lines.SkipLast(1)));
        Assert.Equal("next", lines[^1]);
        // The two halves of the pair stay together.
        Assert.Equal([LineCollector.MaxLineLength - 1, LineCollector.MaxLineLength, 2, 4], lines.Select(static one => one.Length));
        Assert.Null(collector.Logs().Truncated);
    }

    [Fact]
    public void Line_OfExactlyTheLength_IsOne()
    {
        var collector = new OutputCollector(new ExecutionOptions());
        Add(collector, OutputChannel.Stdout, new string('x', LineCollector.MaxLineLength) + "\n");

        Assert.Equal(LineCollector.MaxLineLength, Assert.Single(collector.Lines()).Length);
    }

    [Fact]
    public void Lines_OverTheNumber_AreCounted()
    {
        var collector = new OutputCollector(new ExecutionOptions { MaxLogLines = 2 });
        Add(collector, OutputChannel.Stdout, "1\n2\n3\n");
        Add(collector, OutputChannel.Stdout, "4");
        Add(collector, OutputChannel.Stdout, "4\n5");

        Assert.Equal(["1", "2"], collector.Lines());
        Assert.Equal([new OutputCut("logs", "line_limit", 2, 3)], collector.Logs().Truncated);
    }

    [Fact]
    public void Cuts_ManyOfOneKind_AreToldTogether()
    {
        var collector = new OutputCollector(new ExecutionOptions());
        for (var i = 0; i < 1000; i++) collector.Add(new CellCut("result", "malformed", i, 2));

        Assert.Equal([new OutputCut("result", "malformed", 0, 2000)], collector.Logs().Truncated);
    }

    private static void Add(OutputCollector collector, OutputChannel channel, string text) =>
        collector.Add(new CellText(channel, text, DateTimeOffset.UnixEpoch));
}
