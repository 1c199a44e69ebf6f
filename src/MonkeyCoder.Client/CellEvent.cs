using System.Text.Json;

namespace MonkeyCoder.Client;

/// <summary>
/// What a running cell yields, in order: <see cref="CellStarted"/>, then any number of <see cref="CellStdout"/>,
/// <see cref="CellStderr"/>, <see cref="CellResult"/>, at most one <see cref="CellError"/>.
/// </summary>
public abstract record CellEvent;

/// <summary>The cell runs.</summary>
/// <param name="ExecutionCount">Its number in its context; the first is 1.</param>
public sealed record CellStarted(int ExecutionCount) : CellEvent;

/// <summary>Text that the cell wrote to its standard output; not one line each.</summary>
/// <param name="Text">The text as written, newlines included.</param>
public sealed record CellStdout(string Text) : CellEvent;

/// <summary>Text that the cell wrote to its standard error; not one line each.</summary>
/// <param name="Text">The text as written, newlines included.</param>
public sealed record CellStderr(string Text) : CellEvent;

/// <summary>What the code raised. The cell is over, the context lives on.</summary>
/// <param name="Name">Name of the exception, e.g. <c>ZeroDivisionError</c>.</param>
/// <param name="Value">Its message.</param>
/// <param name="Traceback">Its traceback, with newlines; may hold terminal colours.</param>
public sealed record CellError(string Name, string Value, string Traceback) : CellEvent;

/// <summary>One rich result: the same thing in every format the kernel could make of it. Absent formats are null.</summary>
public sealed record CellResult : CellEvent
{
    /// <summary>True for the value of the cell's last expression, false for what was displayed on the way.</summary>
    public bool IsMainResult { get; init; }

    /// <summary>text/plain.</summary>
    public string? Text { get; init; }

    /// <summary>text/html, e.g. a DataFrame as a table.</summary>
    public string? Html { get; init; }

    /// <summary>text/markdown.</summary>
    public string? Markdown { get; init; }

    /// <summary>image/svg+xml as text.</summary>
    public string? Svg { get; init; }

    /// <summary>image/png in base64.</summary>
    public string? Png { get; init; }

    /// <summary>image/jpeg in base64.</summary>
    public string? Jpeg { get; init; }

    /// <summary>application/pdf in base64.</summary>
    public string? Pdf { get; init; }

    /// <summary>text/latex.</summary>
    public string? Latex { get; init; }

    /// <summary>application/json.</summary>
    public JsonElement? Json { get; init; }

    /// <summary>application/javascript.</summary>
    public string? Javascript { get; init; }

    /// <summary>A DataFrame's columns: name to list of values.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>Data of a matplotlib figure: type, title, labels, elements.</summary>
    public JsonElement? Chart { get; init; }

    /// <summary>Formats without a field of their own, by MIME type.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Extra { get; init; }
}
