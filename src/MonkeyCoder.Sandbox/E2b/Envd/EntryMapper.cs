using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Entries and events of files as the wire has them.</summary>
internal static class EntryMapper
{
    private const long NanosecondsPerTick = 100;

    public static EntryRecord Entry(FileEntryInfo entry) => new(
        entry.Name, Type(entry.Type), entry.Path, entry.SizeBytes, entry.Mode, entry.Permissions, entry.Owner, entry.Group,
        DateTimeOffset.UnixEpoch.AddTicks(entry.ModifiedUnixNanoseconds / NanosecondsPerTick), entry.SymlinkTarget,
        entry.Metadata.Count == 0 ? null : entry.Metadata);

    public static FilesystemEventRecord Event(WatchEventInfo info) =>
        new(info.Name, EventType(info.Type), info.Entry is null ? null : Entry(info.Entry));

    /// <summary>What was written, with exactly the keys that clients compare.</summary>
    public static WrittenFileRecord Written(FileEntryInfo entry) =>
        new(entry.Name, entry.Path, "file", entry.Metadata.Count == 0 ? null : entry.Metadata);

    private static string Type(FileEntryType type) => type switch
    {
        FileEntryType.File => "FILE_TYPE_FILE",
        FileEntryType.Directory => "FILE_TYPE_DIRECTORY",
        FileEntryType.Symlink => "FILE_TYPE_SYMLINK",
        _ => "FILE_TYPE_UNSPECIFIED",
    };

    private static string EventType(WatchEventType type) => type switch
    {
        WatchEventType.Create => "EVENT_TYPE_CREATE",
        WatchEventType.Write => "EVENT_TYPE_WRITE",
        WatchEventType.Remove => "EVENT_TYPE_REMOVE",
        WatchEventType.Rename => "EVENT_TYPE_RENAME",
        WatchEventType.Chmod => "EVENT_TYPE_CHMOD",
        _ => "EVENT_TYPE_UNSPECIFIED",
    };
}
