using System.Text.Json.Serialization;

namespace MonkeyCoder.Client.Wire;

internal sealed record PathWire(string Path);

internal sealed record ListDirWire(string Path, int Depth);

internal sealed record MoveWire(string Source, string Destination);

internal sealed record EntryAnswerWire(EntryWire Entry);

internal sealed record EntriesAnswerWire(IReadOnlyList<EntryWire>? Entries = null);

/// <summary>An entry in proto-JSON: defaults may be left out, 64-bit integers come as text or number.</summary>
internal sealed record EntryWire
{
    public string Name { get; init; } = "";
    public string Path { get; init; } = "";
    public string Type { get; init; } = "";
    [JsonNumberHandling(JsonNumberHandling.AllowReadingFromString)]
    public long Size { get; init; }
    public int Mode { get; init; }
    public string Owner { get; init; } = "";
    public string Group { get; init; } = "";
    public DateTimeOffset ModifiedTime { get; init; }
    public string? SymlinkTarget { get; init; }

    public FileEntry ToEntry() => new(
        Name, Path,
        Type switch
        {
            "FILE_TYPE_FILE" => FileEntryType.File,
            "FILE_TYPE_DIRECTORY" => FileEntryType.Directory,
            _ => FileEntryType.Other,
        },
        Size, Mode, Owner, Group, ModifiedTime, SymlinkTarget);
}
