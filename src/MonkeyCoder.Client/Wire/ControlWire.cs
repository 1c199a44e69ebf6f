using System.Text.Json.Serialization;

namespace MonkeyCoder.Client.Wire;

/// <summary>Body of <c>POST /v2/sandboxes</c>.</summary>
internal sealed record CreateSandboxWire(
    [property: JsonPropertyName("templateID")] string TemplateId,
    int Timeout,
    IReadOnlyDictionary<string, string>? Metadata,
    IReadOnlyDictionary<string, string>? EnvVars,
    [property: JsonPropertyName("allow_internet_access")] bool? AllowInternetAccess,
    bool? AutoPause,
    AutoResumeWire? AutoResume);

internal sealed record AutoResumeWire(bool Enabled);

/// <summary>Answer to create and connect.</summary>
internal sealed record SandboxWire(
    [property: JsonPropertyName("sandboxID")] string SandboxId,
    [property: JsonPropertyName("templateID")] string TemplateId,
    string? EnvdAccessToken = null,
    string? TrafficAccessToken = null);

internal sealed record TimeoutWire(int Timeout);

internal sealed record LogLineWire(DateTimeOffset Timestamp, string Line);

internal sealed record LogsWire(IReadOnlyList<LogLineWire>? Logs = null);
