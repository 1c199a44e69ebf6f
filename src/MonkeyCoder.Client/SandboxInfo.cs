using System.Text.Json.Serialization;

namespace MonkeyCoder.Client;

/// <summary>A sandbox as the service lists it.</summary>
public sealed record SandboxInfo
{
    /// <summary>Id of the sandbox.</summary>
    [JsonPropertyName("sandboxID")]
    public required string SandboxId { get; init; }

    /// <summary>Template it was made from.</summary>
    [JsonPropertyName("templateID")]
    public required string TemplateId { get; init; }

    /// <summary>Name of the template, where it has one.</summary>
    public string? Alias { get; init; }

    /// <summary>When it started, or was last resumed.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When its life is over; when it was paused, where it is.</summary>
    public required DateTimeOffset EndAt { get; init; }

    /// <summary><c>running</c> or <c>paused</c>.</summary>
    public required string State { get; init; }

    /// <summary>CPUs it sees.</summary>
    public int CpuCount { get; init; }

    /// <summary>Memory limit in MiB.</summary>
    [JsonPropertyName("memoryMB")]
    public int MemoryMegabytes { get; init; }

    /// <summary>Disk limit in MiB.</summary>
    [JsonPropertyName("diskSizeMB")]
    public int DiskMegabytes { get; init; }

    /// <summary>Free text given at its creation.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = new Dictionary<string, string>();
}
