namespace MonkeyCoder.Contracts.Agent;

/// <summary>What a directory entry is, after following a link.</summary>
public enum FileEntryType : byte
{
    /// <summary>Broken link, device, socket, pipe.</summary>
    Unspecified = 0,
    /// <summary>Regular file.</summary>
    File = 1,
    /// <summary>Directory.</summary>
    Directory = 2,
    /// <summary>Symbolic link whose target is neither file nor directory.</summary>
    Symlink = 3,
}

/// <summary>A path as the caller wrote it, resolved in the sandbox by the rules of the E2B contract (section 3.5).</summary>
/// <param name="Path">Empty: default directory; <c>~</c>: home; relative: to the user's home.</param>
/// <param name="User">Acting user; null: the default user.</param>
public sealed record PathRequest(string Path, string? User) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(Path);
        writer.WriteOptional(User);
    }

    public static PathRequest Read(ref WireReader reader) => new(reader.ReadString(), reader.ReadOptional());
}

/// <summary>Reads <paramref name="Length"/> bytes (-1: to the end) from <paramref name="Offset"/>.</summary>
public sealed record FileReadRequest(PathRequest Path, long Offset, long Length) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        Path.Write(writer);
        writer.WriteInt64(Offset);
        writer.WriteInt64(Length);
    }

    public static FileReadRequest Read(ref WireReader reader) =>
        new(PathRequest.Read(ref reader), reader.ReadInt64(), reader.ReadInt64());
}

/// <summary>Sent before the data of a read. Size is -1 where the file has none (procfs, pipes).</summary>
/// <param name="Entry">The file.</param>
/// <param name="SizeBytes">Bytes in the file at open, or -1.</param>
public sealed record FileOpenedAnswer(FileEntryInfo Entry, long SizeBytes) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        Entry.Write(writer);
        writer.WriteInt64(SizeBytes);
    }

    public static FileOpenedAnswer Read(ref WireReader reader) => new(FileEntryInfo.Read(ref reader), reader.ReadInt64());
}

/// <summary>Creates or truncates a file (0666 and the umask, parents 0755, owner: the acting user) and takes its bytes.</summary>
/// <param name="Path">Where to.</param>
/// <param name="Metadata">Replaces all xattrs <c>user.e2b.*</c>.</param>
public sealed record FileWriteRequest(PathRequest Path, IReadOnlyDictionary<string, string> Metadata) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        Path.Write(writer);
        writer.WriteMap(Metadata);
    }

    public static FileWriteRequest Read(ref WireReader reader) => new(PathRequest.Read(ref reader), reader.ReadMap());
}

/// <summary>rename(2), destination parents made first.</summary>
public sealed record MoveRequest(string Source, string Destination, string? User) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(Source);
        writer.WriteString(Destination);
        writer.WriteOptional(User);
    }

    public static MoveRequest Read(ref WireReader reader) =>
        new(reader.ReadString(), reader.ReadString(), reader.ReadOptional());
}

/// <summary>Lists to a depth (0 counts as 1).</summary>
public sealed record ListDirectoryRequest(PathRequest Path, int Depth) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        Path.Write(writer);
        writer.WriteInt32(Depth);
    }

    public static ListDirectoryRequest Read(ref WireReader reader) => new(PathRequest.Read(ref reader), reader.ReadInt32());
}

/// <summary>Concatenates the sources into the destination, then deletes them.</summary>
public sealed record ComposeRequest(IReadOnlyList<string> Sources, string Destination, string? User) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteList(Sources);
        writer.WriteString(Destination);
        writer.WriteOptional(User);
    }

    public static ComposeRequest Read(ref WireReader reader) =>
        new(reader.ReadList(), reader.ReadString(), reader.ReadOptional());
}

/// <summary>Watches a directory with inotify(7).</summary>
public sealed record WatchRequest(PathRequest Path, bool Recursive, bool IncludeEntry, bool AllowNetworkMounts) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        Path.Write(writer);
        writer.WriteBool(Recursive);
        writer.WriteBool(IncludeEntry);
        writer.WriteBool(AllowNetworkMounts);
    }

    public static WatchRequest Read(ref WireReader reader) =>
        new(PathRequest.Read(ref reader), reader.ReadBool(), reader.ReadBool(), reader.ReadBool());
}

/// <summary>Kinds of change, in the order in which one inotify event yields them.</summary>
public enum WatchEventType : byte
{
    /// <summary>Never sent.</summary>
    Unspecified = 0,
    /// <summary>Something appeared.</summary>
    Create = 1,
    /// <summary>Content was written.</summary>
    Write = 2,
    /// <summary>Something was deleted.</summary>
    Remove = 3,
    /// <summary>The old name of something moved.</summary>
    Rename = 4,
    /// <summary>Attributes changed.</summary>
    Chmod = 5,
}

/// <summary>One change below the watched directory; <paramref name="Name"/> is relative to it.</summary>
public sealed record WatchEventInfo(string Name, WatchEventType Type, FileEntryInfo? Entry) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(Name);
        writer.WriteByte((byte)Type);
        writer.WriteBool(Entry is not null);
        Entry?.Write(writer);
    }

    public static WatchEventInfo Read(ref WireReader reader) => new(
        reader.ReadString(), (WatchEventType)reader.ReadByte(), reader.ReadBool() ? FileEntryInfo.Read(ref reader) : null);
}

/// <summary>A file as E2B's EntryInfo has it.</summary>
/// <param name="Name">Last part of the path.</param>
/// <param name="Path">Absolute path.</param>
/// <param name="Type">Of the target, where it is a link.</param>
/// <param name="SizeBytes">Of lstat(2).</param>
/// <param name="Mode">Permission bits, of the target where it is a link.</param>
/// <param name="Permissions">Go style, e.g. <c>-rw-r--r--</c>, <c>drwxr-xr-x</c>, <c>Lrwxrwxrwx</c>.</param>
/// <param name="Owner">User name, or the number.</param>
/// <param name="Group">Group name, or the number.</param>
/// <param name="ModifiedUnixNanoseconds">Time of last modification, since 1970-01-01T00:00:00Z.</param>
/// <param name="SymlinkTarget">Fully resolved target, the raw one where broken; null where it is no link.</param>
/// <param name="Metadata">xattrs <c>user.e2b.*</c> without their prefix.</param>
public sealed record FileEntryInfo(
    string Name,
    string Path,
    FileEntryType Type,
    long SizeBytes,
    int Mode,
    string Permissions,
    string Owner,
    string Group,
    long ModifiedUnixNanoseconds,
    string? SymlinkTarget,
    IReadOnlyDictionary<string, string> Metadata) : IAgentMessage
{
    public void Write(WireWriter writer)
    {
        writer.WriteString(Name);
        writer.WriteString(Path);
        writer.WriteByte((byte)Type);
        writer.WriteInt64(SizeBytes);
        writer.WriteInt32(Mode);
        writer.WriteString(Permissions);
        writer.WriteString(Owner);
        writer.WriteString(Group);
        writer.WriteInt64(ModifiedUnixNanoseconds);
        writer.WriteOptional(SymlinkTarget);
        writer.WriteMap(Metadata);
    }

    public static FileEntryInfo Read(ref WireReader reader) => new(
        reader.ReadString(), reader.ReadString(), (FileEntryType)reader.ReadByte(), reader.ReadInt64(),
        reader.ReadInt32(), reader.ReadString(), reader.ReadString(), reader.ReadString(), reader.ReadInt64(),
        reader.ReadOptional(), reader.ReadMap());
}
