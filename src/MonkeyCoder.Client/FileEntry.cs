namespace MonkeyCoder.Client;

/// <summary>What a path in a sandbox is.</summary>
public enum FileEntryType
{
    /// <summary>A device, socket, pipe or broken link.</summary>
    Other,

    /// <summary>A regular file.</summary>
    File,

    /// <summary>A directory.</summary>
    Directory,
}

/// <summary>A file or directory in a sandbox.</summary>
/// <param name="Name">Last part of the path.</param>
/// <param name="Path">Absolute path in the sandbox.</param>
/// <param name="Type">What it is; of a link, what it points to.</param>
/// <param name="SizeBytes">Size in bytes.</param>
/// <param name="Mode">Permission bits, e.g. 0644 octal.</param>
/// <param name="Owner">Name of the owner.</param>
/// <param name="Group">Name of the group.</param>
/// <param name="ModifiedAt">When it was last changed.</param>
/// <param name="LinkTarget">Where a symbolic link points to; null otherwise.</param>
public sealed record FileEntry(
    string Name,
    string Path,
    FileEntryType Type,
    long SizeBytes,
    int Mode,
    string Owner,
    string Group,
    DateTimeOffset ModifiedAt,
    string? LinkTarget);
