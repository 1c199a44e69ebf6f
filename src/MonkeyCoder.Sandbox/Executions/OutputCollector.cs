using System.Text;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// Collects the output of one cell for an answer in one piece, within bounds: what goes over them is dropped, and the
/// answer says what and where.
/// </summary>
internal sealed class OutputCollector(ExecutionOptions options)
{
    private readonly PieceList _stdout = new();
    private readonly PieceList _stderr = new();
    private readonly Dictionary<OutputChannel, (long Total, long Dropped)> _bytes = [];
    private readonly LineCollector _lines = new(options.MaxLogLines);
    private readonly List<OutputCut> _cuts = [];
    private long _kept;

    /// <summary>Takes one piece of text.</summary>
    public void Add(CellText text)
    {
        var (total, dropped) = _bytes.GetValueOrDefault(text.Channel);
        var bytes = Encoding.UTF8.GetByteCount(text.Text);
        var room = options.MaxOutputBytes - _kept;
        // Once cut, a stream stays cut: what is kept is always its beginning.
        var kept = dropped > 0 ? "" : bytes <= room ? text.Text : Fitting(text.Text, room);
        var keptBytes = kept.Length == text.Text.Length ? bytes : Encoding.UTF8.GetByteCount(kept);
        _bytes[text.Channel] = (total + bytes, dropped + bytes - keptBytes);
        _kept += keptBytes;
        if (kept.Length == 0) return;
        (text.Channel == OutputChannel.Stderr ? _stderr : _stdout).Add(kept);
        _lines.Add(text.Channel, kept);
    }

    /// <summary>Takes a cut that the runner reports. Those of one kind are told together, by the place of the first.</summary>
    public void Add(CellCut cut)
    {
        var same = _cuts.FindIndex(known => known.Stream == cut.Stream && known.Reason == cut.Reason);
        if (same < 0) _cuts.Add(new OutputCut(cut.Stream, cut.Reason, cut.OffsetBytes, cut.Bytes));
        else _cuts[same] = _cuts[same] with { DroppedBytes = _cuts[same].DroppedBytes + cut.Bytes };
    }

    /// <summary>The streams, and where they are not what the code wrote.</summary>
    public ExecutionLogs Logs()
    {
        AddDropped("stdout", OutputChannel.Stdout);
        AddDropped("stderr", OutputChannel.Stderr);
        if (_lines.Dropped > 0) _cuts.Add(new OutputCut("logs", "line_limit", options.MaxLogLines, _lines.Dropped));
        return new ExecutionLogs(_stdout.Finish(), _stderr.Finish())
        {
            Truncated = _cuts.Count > 0 ? _cuts : null,
        };
    }

    /// <summary>The lines of both streams. Call once, after the last piece.</summary>
    public IReadOnlyList<string> Lines() => _lines.Finish();

    private void AddDropped(string stream, OutputChannel channel)
    {
        var (total, dropped) = _bytes.GetValueOrDefault(channel);
        if (dropped > 0) _cuts.Add(new OutputCut(stream, "output_limit", total - dropped, dropped));
    }

    // The longest beginning of whole characters within a number of bytes.
    private static string Fitting(string text, long bytes)
    {
        var length = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            bytes -= rune.Utf8SequenceLength;
            if (bytes < 0) break;
            length += rune.Utf16SequenceLength;
        }

        return text[..length];
    }
}
