using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.E2b;

/// <summary>Body of <c>POST /execute</c>; at most one of the context and the language.</summary>
public sealed record ExecuteCodeRequest(string Code)
{
    [JsonPropertyName("context_id")]
    public string? ContextId { get; init; }

    public string? Language { get; init; }

    /// <summary>For this cell only.</summary>
    [JsonPropertyName("env_vars")]
    public IReadOnlyDictionary<string, string>? EnvVars { get; init; }
}

/// <summary>Body of <c>POST /contexts</c>.</summary>
public sealed record CreateContextRequest
{
    /// <summary>Default <c>python</c>.</summary>
    public string? Language { get; init; }

    /// <summary>Default <c>/home/user</c>.</summary>
    public string? Cwd { get; init; }
}

/// <summary>One context.</summary>
public sealed record ContextRecord(string Id, string Language, string Cwd);
