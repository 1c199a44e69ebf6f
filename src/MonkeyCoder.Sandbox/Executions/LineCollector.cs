using System.Text;
using MonkeyCoder.Isolation.Agents;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>The lines of both streams in the order in which they were completed, up to a number of lines.</summary>
internal sealed class LineCollector(int maxLines)
{
    private readonly List<string> _lines = [];
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
            if (_lines.Count < maxLines) open.Append(rest[..end]);
            Complete(open);
            rest = rest[(end + 1)..];
        }

        if (_lines.Count < maxLines) open.Append(rest);
        else if (rest.Length > 0 && open.Length == 0) open.Append(rest[0]);
    }

    /// <summary>All lines; what did not end with a line end is a line too.</summary>
    public IReadOnlyList<string> Finish()
    {
        if (_stdout.Length > 0) Complete(_stdout);
        if (_stderr.Length > 0) Complete(_stderr);
        return _lines;
    }

    private void Complete(StringBuilder open)
    {
        if (_lines.Count < maxLines) _lines.Add(open.ToString());
        else Dropped++;
        open.Clear();
    }
}
