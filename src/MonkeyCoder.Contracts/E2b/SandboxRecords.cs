using System.Text.Json;
using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.E2b;

/// <summary>Body of <c>POST /v2/sandboxes</c> and <c>POST /sandboxes</c>.</summary>
/// <param name="TemplateId">Name, alias or id of a template, with an optional tag.</param>
public sealed record SandboxCreateRequest(
    [property: JsonPropertyName("templateID")] string TemplateId)
{
    /// <summary>Life in seconds; default 300 (v2) or 15 (v1).</summary>
    public int? Timeout { get; init; }

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Environment of every process in the sandbox.</summary>
    public IReadOnlyDictionary<string, string>? EnvVars { get; init; }

    /// <summary>v1 only: false leaves envd open.</summary>
    public bool? Secure { get; init; }

    [JsonPropertyName("allow_internet_access")]
    public bool? AllowInternetAccess { get; init; }

    public SandboxNetwork? Network { get; init; }

    public bool? AutoPause { get; init; }

    public bool? AutoPauseMemory { get; init; }

    public SandboxAutoResume? AutoResume { get; init; }

    public IReadOnlyList<SandboxVolumeMount>? VolumeMounts { get; init; }

    /// <summary>A snapshot to start from; kept as it came.</summary>
    [JsonPropertyName("snapshotID")]
    public JsonElement? SnapshotId { get; init; }

    /// <summary>Identity tokens; kept as it came.</summary>
    public JsonElement? Iam { get; init; }
}

/// <summary>Network settings of a sandbox; kept as they came where the node does not act on them.</summary>
public sealed record SandboxNetwork
{
    public IReadOnlyList<string>? AllowOut { get; init; }

    public IReadOnlyList<string>? DenyOut { get; init; }

    /// <summary>Default true; false: public ports ask for the traffic token.</summary>
    public bool? AllowPublicTraffic { get; init; }

    /// <summary>Host header that user ports see; <c>${PORT}</c> stands for the port.</summary>
    public string? MaskRequestHost { get; init; }

    public IReadOnlyList<int>? HttpsPorts { get; init; }

    public JsonElement? EgressProxy { get; init; }

    /// <summary>By domain. In answers the values of headers are <c>***</c>.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<SandboxNetworkRule>>? Rules { get; init; }
}

/// <summary>What the way out does with requests to a domain. A part that is not known is refused: it may have been a restriction.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SandboxNetworkRule(SandboxNetworkTransform? Transform = null);

/// <summary>How requests are changed.</summary>
/// <param name="Headers">Set in every request; the values are secrets.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record SandboxNetworkTransform(IReadOnlyDictionary<string, string>? Headers = null);

/// <summary>Body of <c>PUT /sandboxes/{id}/network</c>: all of it is replaced, and what is left out is cleared.</summary>
public sealed record SandboxNetworkUpdate
{
    [JsonPropertyName("allow_internet_access")]
    public bool? AllowInternetAccess { get; init; }

    public IReadOnlyList<string>? AllowOut { get; init; }

    public IReadOnlyList<string>? DenyOut { get; init; }

    public JsonElement? EgressProxy { get; init; }

    public IReadOnlyDictionary<string, IReadOnlyList<SandboxNetworkRule>>? Rules { get; init; }
}

/// <summary>Resume on incoming traffic.</summary>
public sealed record SandboxAutoResume(bool Enabled);

/// <summary>A named volume at a path.</summary>
public sealed record SandboxVolumeMount(string Name, string Path);

/// <summary>Body of <c>/connect</c>, both versions, and <c>/resume</c>.</summary>
public sealed record SandboxConnectRequest
{
    /// <summary>Seconds; required in v1, default 300 in v2.</summary>
    public int? Timeout { get; init; }

    /// <summary>false: start it anew from its files.</summary>
    public bool? Memory { get; init; }

    /// <summary><c>/resume</c> only: whether it is paused again at the end of its time; null: as it was created.</summary>
    public bool? AutoPause { get; init; }
}

/// <summary>Body of <c>/pause</c>.</summary>
public sealed record SandboxPauseRequest
{
    /// <summary>false: keep its files only.</summary>
    public bool? Memory { get; init; }
}

/// <summary>Body of <c>/timeout</c>, in seconds from now.</summary>
public sealed record SandboxTimeoutRequest(int Timeout);

/// <summary>Body of <c>/refreshes</c>, in seconds from now.</summary>
public sealed record SandboxRefreshRequest
{
    public int? Duration { get; init; }
}

/// <summary>Answer to create and connect.</summary>
public sealed record SandboxCreated(
    [property: JsonPropertyName("sandboxID")] string SandboxId,
    [property: JsonPropertyName("templateID")] string TemplateId,
    [property: JsonPropertyName("clientID")] string ClientId,
    string EnvdVersion,
    string? EnvdAccessToken = null,
    string? TrafficAccessToken = null,
    string? Domain = null,
    string? Alias = null);

/// <summary>One sandbox of a list.</summary>
public record SandboxListed(
    [property: JsonPropertyName("sandboxID")] string SandboxId,
    [property: JsonPropertyName("templateID")] string TemplateId,
    [property: JsonPropertyName("clientID")] string ClientId,
    DateTimeOffset StartedAt,
    DateTimeOffset EndAt,
    int CpuCount,
    [property: JsonPropertyName("memoryMB")] int MemoryMb,
    [property: JsonPropertyName("diskSizeMB")] int DiskSizeMb,
    string State,
    string EnvdVersion)
{
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    public string? Alias { get; init; }

    public IReadOnlyList<SandboxVolumeMount> VolumeMounts { get; init; } = [];
}

/// <summary>One sandbox, as <c>GET /sandboxes/{id}</c> has it.</summary>
public sealed record SandboxDetail(
    string SandboxId, string TemplateId, string ClientId, DateTimeOffset StartedAt, DateTimeOffset EndAt,
    int CpuCount, int MemoryMb, int DiskSizeMb, string State, string EnvdVersion)
    : SandboxListed(SandboxId, TemplateId, ClientId, StartedAt, EndAt, CpuCount, MemoryMb, DiskSizeMb, State, EnvdVersion)
{
    public string? EnvdAccessToken { get; init; }

    public string? Domain { get; init; }

    public bool? AllowInternetAccess { get; init; }

    public SandboxNetwork? Network { get; init; }

    public SandboxLifecycle? Lifecycle { get; init; }
}

/// <summary>What happens at the end of life.</summary>
/// <param name="OnTimeout"><c>kill</c> or <c>pause</c>.</param>
/// <param name="AutoResume">Resumes on traffic.</param>
public sealed record SandboxLifecycle(string OnTimeout, bool AutoResume);

/// <summary>Measured figures; sizes in bytes.</summary>
public sealed record SandboxMetric(
    DateTimeOffset Timestamp,
    long TimestampUnix,
    int CpuCount,
    double CpuUsedPct,
    long MemUsed,
    long MemTotal,
    long MemCache,
    long DiskUsed,
    long DiskTotal);

/// <summary>Figures of several sandboxes by id.</summary>
public sealed record SandboxesMetrics(IReadOnlyDictionary<string, SandboxMetric> Sandboxes);

/// <summary>Answer of the older log endpoint.</summary>
public sealed record SandboxLogs(IReadOnlyList<SandboxLogLine> Logs, IReadOnlyList<SandboxLogEntry> LogEntries);

/// <summary>One line of the older log endpoint.</summary>
public sealed record SandboxLogLine(DateTimeOffset Timestamp, string Line);

/// <summary>Answer of the newer log endpoint.</summary>
public sealed record SandboxLogsV2(IReadOnlyList<SandboxLogEntry> Logs);

/// <summary>One log entry.</summary>
public sealed record SandboxLogEntry(
    DateTimeOffset Timestamp, string Message, string Level, IReadOnlyDictionary<string, string> Fields);

/// <summary>Error body of every plane but Connect.</summary>
/// <param name="Code">The HTTP status.</param>
/// <param name="Message">What is wrong, for a person.</param>
/// <param name="ErrorCode">Name of the error, where the contract has one.</param>
public sealed record E2bErrorBody(
    int Code, string Message, [property: JsonPropertyName("error_code")] string? ErrorCode = null);

/// <summary>Error body of the sandbox router.</summary>
public sealed record RouteErrorBody(string SandboxId, string Message, int Code, int? Port = null);

/// <summary>Answer of <c>GET /templates/aliases/{alias}</c>.</summary>
public sealed record TemplateAliasAnswer([property: JsonPropertyName("templateID")] string TemplateId, bool Public);

/// <summary>One template of a list.</summary>
public sealed record TemplateListed(
    [property: JsonPropertyName("templateID")] string TemplateId,
    [property: JsonPropertyName("buildID")] string BuildId,
    string BuildStatus,
    int CpuCount,
    [property: JsonPropertyName("memoryMB")] int MemoryMb,
    [property: JsonPropertyName("diskSizeMB")] int DiskSizeMb,
    bool Public,
    IReadOnlyList<string> Aliases,
    IReadOnlyList<string> Names,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    DateTimeOffset? LastSpawnedAt,
    long SpawnCount,
    int BuildCount,
    string EnvdVersion);
