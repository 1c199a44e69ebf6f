using System.Text.Json;
using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.Executions;

/// <summary>What one cell gave.</summary>
/// <param name="Results">Rich results in order: displays, then the value of the last expression.</param>
/// <param name="Logs">What was written to stdout and stderr.</param>
/// <param name="Error">What the code raised; null where it did not.</param>
/// <param name="ExecutionCount">Number of the cell in its kernel, from 1; 0 where it never started.</param>
public sealed record ExecutionResult(
    IReadOnlyList<CellResultData> Results,
    ExecutionLogs Logs,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.Never)] ExecutionError? Error,
    int ExecutionCount);

/// <summary>Output in pieces as they arrived; joined, a list is the whole stream.</summary>
/// <param name="Stdout">Pieces of stdout.</param>
/// <param name="Stderr">Pieces of stderr.</param>
public sealed record ExecutionLogs(IReadOnlyList<string> Stdout, IReadOnlyList<string> Stderr)
{
    /// <value>Where output is not what the code wrote; absent where every byte is there.</value>
    public IReadOnlyList<OutputCut>? Truncated { get; init; }
}

/// <summary>Output that was dropped or replaced.</summary>
/// <param name="Stream"><c>stdout</c>, <c>stderr</c>, <c>result</c>, or <c>logs</c> for the list of lines.</param>
/// <param name="Reason"><c>output_limit</c>, <c>line_limit</c>, <c>not_utf8</c> (replaced by U+FFFD) or <c>malformed</c>.</param>
/// <param name="OffsetBytes">Where in that stream it begins; for <c>logs</c> the number of lines kept.</param>
/// <param name="DroppedBytes">Bytes dropped or replaced; for <c>logs</c> the number of lines dropped.</param>
public sealed record OutputCut(string Stream, string Reason, long OffsetBytes, long DroppedBytes);

/// <summary>An exception of the code.</summary>
/// <param name="Name">Its type, e.g. <c>ValueError</c>.</param>
/// <param name="Value">Its message.</param>
/// <param name="Traceback">Where it came from, as the language prints it.</param>
public sealed record ExecutionError(string Name, string Value, string Traceback);

/// <summary>One result; a field per format that it has.</summary>
public sealed record CellResultData
{
    /// <value>The value of the cell's last expression, rather than a display.</value>
    public bool IsMainResult { get; init; }

    /// <value>Plain text.</value>
    public string? Text { get; init; }

    /// <value>HTML.</value>
    public string? Html { get; init; }

    /// <value>Markdown.</value>
    public string? Markdown { get; init; }

    /// <value>SVG.</value>
    public string? Svg { get; init; }

    /// <value>PNG in base64.</value>
    public string? Png { get; init; }

    /// <value>JPEG in base64.</value>
    public string? Jpeg { get; init; }

    /// <value>PDF in base64.</value>
    public string? Pdf { get; init; }

    /// <value>LaTeX.</value>
    public string? Latex { get; init; }

    /// <value>JSON value.</value>
    public JsonElement? Json { get; init; }

    /// <value>JavaScript.</value>
    public string? Javascript { get; init; }

    /// <value>Data of a DataFrame: lists by column.</value>
    public JsonElement? Data { get; init; }

    /// <value>Data of a chart.</value>
    public JsonElement? Chart { get; init; }

    /// <value>Other formats by their MIME type.</value>
    public JsonElement? Extra { get; init; }
}
