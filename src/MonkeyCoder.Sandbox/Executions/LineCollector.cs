using System.Text;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// The lines of both streams in the order in which they were completed, up to a number of lines. A line over
/// <see cref="MaxLineLength"/> goes on as the next one: writing one value of many megabytes into an answer takes several times its size.
/// </summary>
internal sealed class LineCollector(int maxLines)
{
    /// <summary>Characters of a line.</summary>
    internal const int MaxLineLength = 32 * 1024;

    private readonly TextList _lines = new();
    private readonly StringBuilder _stdout = new();
    private readonly StringBuilder _stderr = new();

    /// <summary>Lines over the number.</summary>
    public long Dropped { get; private set; }

    /// <summary>Takes a piece of a stream; a line may come in several.</summary>
    public void Add(OutputChannel channel, string text)
    {
        var open = channel == OutputChannel.Stderr ? _stderr : _stdout;
        var rest = text.AsSpan();
        for (var end = rest.IndexOf('\n'); end >= 0; end = rest.IndexOf('\n'))
        {
            Append(open, rest[..end]);
            Complete(open);
            rest = rest[(end + 1)..];
        }

        Append(open, rest);
    }

    /// <summary>All lines; what did not end with a line end is a line too.</summary>
    public IReadOnlyList<string> Finish()
    {
        if (_stdout.Length > 0) Complete(_stdout);
        if (_stderr.Length > 0) Complete(_stderr);
        return _lines;
    }

    private void Append(StringBuilder open, ReadOnlySpan<char> text)
    {
        while (_lines.Count < maxLines && open.Length + text.Length > MaxLineLength)
        {
            var room = MaxLineLength - open.Length;
            // Both halves of a pair stay together.
            if (room > 0 && char.IsHighSurrogate(text[room - 1])) room--;
            open.Append(text[..room]);
            Complete(open);
            text = text[room..];
        }

        if (_lines.Count < maxLines) open.Append(text);
        // Over the number: enough of it to be counted.
        else if (text.Length > 0 && open.Length == 0) open.Append(text[0]);
    }

    private void Complete(StringBuilder open)
    {
        if (_lines.Count < maxLines) _lines.Add(open.ToString());
        else Dropped++;
        open.Clear();
    }
}
