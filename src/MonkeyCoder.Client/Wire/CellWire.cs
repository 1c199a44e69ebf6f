namespace MonkeyCoder.Client.Wire;

/// <summary>Body of the code interpreter's <c>POST /execute</c>.</summary>
internal sealed record CellWire(
    string Code, string? ContextId, string? Language, IReadOnlyDictionary<string, string>? EnvVars);

/// <summary>Body of the code interpreter's <c>POST /contexts</c>.</summary>
internal sealed record CreateContextWire(string? Language, string? Cwd);

/// <summary>One line of the code interpreter's answer: the fields of every event but results.</summary>
internal sealed record CellEventWire
{
    public string? Type { get; init; }
    public int ExecutionCount { get; init; }
    public string? Text { get; init; }
    public string? Name { get; init; }
    public string? Value { get; init; }
    public string? Traceback { get; init; }
}
