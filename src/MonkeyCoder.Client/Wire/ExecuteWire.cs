using System.Text.Json;

namespace MonkeyCoder.Client.Wire;

/// <summary>Body of <c>POST /sandbox/execute</c>.</summary>
internal sealed record ExecuteWire(
    string SandboxType,
    string Action,
    string Code,
    double Timeout,
    string? Language,
    string? SandboxId,
    bool? Keep,
    IReadOnlyDictionary<string, string>? Metadata);

/// <summary>Body of the code interpreter's <c>POST /execute</c>.</summary>
internal sealed record CellWire(
    string Code, string? ContextId, string? Language, IReadOnlyDictionary<string, string>? EnvVars);

/// <summary>Body of the code interpreter's <c>POST /contexts</c>.</summary>
internal sealed record CreateContextWire(string? Language, string? Cwd);

/// <summary>One line of the code interpreter's answer: the union of every event's fields.</summary>
internal sealed record CellEventWire
{
    public string? Type { get; init; }
    public int ExecutionCount { get; init; }
    public string? Text { get; init; }
    public string? Name { get; init; }
    public string? Value { get; init; }
    public string? Traceback { get; init; }
    public bool IsMainResult { get; init; }
    public string? Html { get; init; }
    public string? Markdown { get; init; }
    public string? Svg { get; init; }
    public string? Png { get; init; }
    public string? Jpeg { get; init; }
    public string? Pdf { get; init; }
    public string? Latex { get; init; }
    public JsonElement? Json { get; init; }
    public string? Javascript { get; init; }
    public JsonElement? Data { get; init; }
    public JsonElement? Chart { get; init; }
    public Dictionary<string, JsonElement>? Extra { get; init; }
}
