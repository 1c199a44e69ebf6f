using System.Diagnostics.CodeAnalysis;
using System.Text;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>
/// Makes the events of a cell from what its stream yields. Text that is there already is joined up to
/// about <see cref="MaxTextChars"/>, so that <c>print("hello")</c> is one event; nothing is held back while waiting for more.
/// </summary>
internal sealed class CellTranslator(string sandboxId, ILogger security, TimeProvider timeProvider)
{
    // Both together stay below 85,000 bytes of a string: larger ones are collected only with the whole heap.
    private const int MaxTextChars = 24 * 1024;
    private const int MaxBytesAtOnce = 16 * 1024;

    private readonly Queue<CellEvent> _ready = [];
    private readonly Utf8StreamDecoder _stdout = new();
    private readonly Utf8StreamDecoder _stderr = new();
    private readonly StringBuilder _text = new();
    private OutputChannel _channel;
    private DateTimeOffset _since;
    private long _resultBytes;
    private bool _reported;

    /// <summary>The cell has begun in its kernel.</summary>
    public bool Started { get; private set; }

    /// <summary>What the cell raised, as far as it has said.</summary>
    public CellError? Error { get; private set; }

    /// <summary>Takes one output; bytes of it are used before this returns.</summary>
    public void Take(CellOutput output)
    {
        switch (output)
        {
            case CellChunk chunk:
                TakeChunk(chunk);
                break;
            case CellMessage message:
                Flush();
                TakeMessage(message);
                break;
            case CellMessageDropped dropped:
                Flush();
                _ready.Enqueue(new CellCut("result", "output_limit", _resultBytes, dropped.Bytes));
                break;
        }
    }

    /// <summary>The next event that is ready.</summary>
    public bool TryNext([NotNullWhen(true)] out CellEvent? next) => _ready.TryDequeue(out next);

    /// <summary>Makes the joined text an event.</summary>
    public void Flush()
    {
        if (_text.Length == 0) return;
        _ready.Enqueue(new CellText(_channel, _text.ToString(), _since));
        _text.Clear();
    }

    /// <summary>The cell is over: unfinished characters come out, and what could not be kept is reported.</summary>
    public void Finish()
    {
        Finish(_stdout, OutputChannel.Stdout);
        Finish(_stderr, OutputChannel.Stderr);
        Report("stdout", _stdout);
        Report("stderr", _stderr);
    }

    /// <summary>An error that the node found, where the kernel has told none.</summary>
    public void Raise(string name, string value)
    {
        if (Error is not null) return;
        Error = new CellError(name, value, "");
        _ready.Enqueue(Error);
    }

    private void TakeChunk(CellChunk chunk)
    {
        var decoder = chunk.Channel == OutputChannel.Stderr ? _stderr : _stdout;
        for (var rest = chunk.Bytes.Span; rest.Length > 0; rest = rest[Math.Min(rest.Length, MaxBytesAtOnce)..])
        {
            Turn(chunk.Channel);
            decoder.Decode(rest[..Math.Min(rest.Length, MaxBytesAtOnce)], _text);
            if (_text.Length >= MaxTextChars) Flush();
        }
    }

    private void Turn(OutputChannel channel)
    {
        if (_text.Length > 0 && _channel != channel) Flush();
        if (_text.Length > 0) return;
        _channel = channel;
        _since = timeProvider.GetUtcNow();
    }

    private void TakeMessage(CellMessage message)
    {
        switch (message.Kind)
        {
            case "count" when !Started && KernelMessages.TryCount(message.Body, out var count):
                Started = true;
                _ready.Enqueue(new CellStarted(count));
                break;
            case "result" when KernelMessages.TryResult(message.Body, out var json):
                _resultBytes += json.Length;
                _ready.Enqueue(new CellResult(json));
                break;
            case "error" when Error is null && KernelMessages.TryError(message.Body, out var error):
                Error = error;
                _ready.Enqueue(error);
                break;
            default:
                Report(message);
                if (message.Kind == "result")
                    _ready.Enqueue(new CellCut("result", "malformed", _resultBytes, message.Body.Length));
                break;
        }
    }

    // Once for each cell: code must not be able to fill the log.
    private void Report(CellMessage message)
    {
        if (_reported) return;
        _reported = true;
        security.KernelBrokeProtocol(sandboxId, NameOf(message.Kind), message.Body.Length);
    }

    // The kind comes from inside: only known ones go into a log.
    private static string NameOf(string kind) => kind is "count" or "result" or "error" ? kind : "unknown";

    private void Finish(Utf8StreamDecoder decoder, OutputChannel channel)
    {
        Turn(channel);
        decoder.Finish(_text);
        Flush();
    }

    private void Report(string stream, Utf8StreamDecoder decoder)
    {
        if (decoder.InvalidBytes > 0)
            _ready.Enqueue(new CellCut(stream, "not_utf8", decoder.FirstInvalidOffset, decoder.InvalidBytes));
    }
}
