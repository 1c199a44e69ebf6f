using System.Text.Json.Serialization;

namespace MonkeyCoder.Contracts.E2b;

/// <summary>Request of <c>Stat</c>, <c>MakeDir</c> and <c>Remove</c>. proto-JSON leaves out an empty path.</summary>
public sealed record PathRecord
{
    public string? Path { get; init; }
}

/// <summary>Request of <c>ListDir</c>.</summary>
public sealed record ListDirRequest
{
    public string? Path { get; init; }

    public uint Depth { get; init; }
}

/// <summary>Request of <c>Move</c>.</summary>
public sealed record MoveFileRequest
{
    public string? Source { get; init; }

    public string? Destination { get; init; }
}

/// <summary>Request of <c>WatchDir</c> and <c>CreateWatcher</c>.</summary>
public sealed record WatchDirRequest
{
    public string? Path { get; init; }

    public bool Recursive { get; init; }

    public bool IncludeEntry { get; init; }

    public bool AllowNetworkMounts { get; init; }
}

/// <summary>Names a watcher.</summary>
public sealed record WatcherRecord
{
    public string? WatcherId { get; init; }
}

/// <summary>Answer of <c>GetWatcherEvents</c>.</summary>
public sealed record WatcherEventsAnswer(IReadOnlyList<FilesystemEventRecord> Events);

/// <summary>One change.</summary>
public sealed record FilesystemEventRecord(string Name, string Type, EntryRecord? Entry = null);

/// <summary>First message of a watch.</summary>
public sealed record WatchMessage
{
    public EmptyRecord? Start { get; init; }

    public FilesystemEventRecord? Filesystem { get; init; }

    public EmptyRecord? Keepalive { get; init; }
}

/// <summary>A file or directory, E2B's EntryInfo. The size is an int64, and so a string in proto-JSON.</summary>
public sealed record EntryRecord(
    string Name,
    string Type,
    string Path,
    [property: JsonNumberHandling(JsonNumberHandling.WriteAsString | JsonNumberHandling.AllowReadingFromString)] long Size,
    int Mode,
    string Permissions,
    string Owner,
    string Group,
    DateTimeOffset ModifiedTime,
    string? SymlinkTarget = null,
    IReadOnlyDictionary<string, string>? Metadata = null);

/// <summary>Answer with one entry.</summary>
public sealed record EntryAnswer(EntryRecord Entry);

/// <summary>Answer of <c>ListDir</c>.</summary>
public sealed record EntriesAnswer(IReadOnlyList<EntryRecord> Entries);

/// <summary>One written file; exactly these keys.</summary>
public sealed record WrittenFileRecord(
    string Name, string Path, string Type, IReadOnlyDictionary<string, string>? Metadata = null);

/// <summary>Body of <c>POST /files/compose</c>.</summary>
public sealed record ComposeFilesRequest(
    [property: JsonPropertyName("source_paths")] IReadOnlyList<string> SourcePaths, string Destination)
{
    public string? Username { get; init; }
}

/// <summary>Answer of envd's <c>GET /metrics</c>; sizes in bytes.</summary>
public sealed record EnvdMetrics(
    [property: JsonPropertyName("ts")] long UnixSeconds,
    [property: JsonPropertyName("cpu_count")] int CpuCount,
    [property: JsonPropertyName("cpu_used_pct")] double CpuUsedPct,
    [property: JsonPropertyName("mem_total")] long MemTotal,
    [property: JsonPropertyName("mem_used")] long MemUsed,
    [property: JsonPropertyName("mem_cache")] long MemCache,
    [property: JsonPropertyName("mem_total_mib")] long MemTotalMib,
    [property: JsonPropertyName("mem_used_mib")] long MemUsedMib,
    [property: JsonPropertyName("disk_used")] long DiskUsed,
    [property: JsonPropertyName("disk_total")] long DiskTotal);

/// <summary>A Connect error: body of a failed unary call.</summary>
public sealed record ConnectErrorBody(string Code, string Message);

/// <summary>Payload of the last frame of a Connect stream.</summary>
public sealed record ConnectEnd(ConnectErrorBody? Error = null);
