namespace MonkeyCoder.Client;

/// <summary>A cell that is over.</summary>
public sealed record CellExecution
{
    /// <summary>Rich results in the order they came.</summary>
    public IReadOnlyList<CellResult> Results { get; init; } = [];

    /// <summary>What it wrote.</summary>
    public CellLogs Logs { get; init; } = new();

    /// <summary>What the code raised; null where it ran to its end.</summary>
    public CellError? Error { get; init; }

    /// <summary>Its number in its context.</summary>
    public int? ExecutionCount { get; init; }

    /// <summary>Text of the main result; null where the cell ends in no expression.</summary>
    public string? Text => Results.FirstOrDefault(static result => result.IsMainResult)?.Text;
}

/// <summary>Output of a cell as it came, piece by piece.</summary>
public sealed record CellLogs
{
    /// <summary>Pieces of standard output; join them for the text.</summary>
    public IReadOnlyList<string> Stdout { get; init; } = [];

    /// <summary>Pieces of standard error; join them for the text.</summary>
    public IReadOnlyList<string> Stderr { get; init; } = [];
}
