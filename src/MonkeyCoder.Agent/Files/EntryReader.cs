using System.Globalization;
using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>Describes files as E2B's EntryInfo. One reader serves one request: it remembers the names of users.</summary>
internal sealed class EntryReader(UserDirectory users)
{
    private static readonly IReadOnlyDictionary<string, string> NoMetadata = new Dictionary<string, string>();

    private readonly (Dictionary<uint, string> Users, Dictionary<uint, string> Groups) _names = users.Names();

    /// <summary>The entry, or null with the errno.</summary>
    public FileEntryInfo? TryRead(string path, out int errno)
    {
        errno = Libc.TryStatus(path, followLink: false, out var status);
        if (errno != 0) return null;

        var type = TypeOf(status.Kind);
        var mode = status.Mode;
        string? target = null;
        if (status.Kind == FileKind.Link)
        {
            target = Libc.TryRealPath(path, out _);
            if (target is not null && Libc.TryStatus(path, followLink: true, out var followed) == 0)
            {
                mode = followed.Mode;
                type = followed.Kind is FileKind.Regular or FileKind.Directory ? TypeOf(followed.Kind) : FileEntryType.Symlink;
            }
            else
            {
                target = Libc.TryReadLink(path);
                type = FileEntryType.Unspecified;
            }
        }

        return new FileEntryInfo(
            PathRules.Name(path), path, type, status.SizeBytes, mode & 0x1FF, FileModeText.Of(status.Mode),
            NameOf(_names.Users, status.UserId), NameOf(_names.Groups, status.GroupId), status.ModifiedUnixNanoseconds, target,
            type == FileEntryType.Unspecified ? NoMetadata : FileMetadata.Read(path));
    }

    /// <exception cref="AgentFault">The file is not there.</exception>
    public FileEntryInfo Read(string path)
    {
        var entry = TryRead(path, out var errno);
        if (entry is not null) return entry;
        throw errno is ErrnoName.ENOENT or ErrnoName.ENOTDIR
            ? new AgentFault(AgentErrorCode.NotFound, $"file not found: {path}")
            : AgentFault.Of(errno, $"cannot look at '{path}'");
    }

    private static FileEntryType TypeOf(FileKind kind) => kind switch
    {
        FileKind.Regular => FileEntryType.File,
        FileKind.Directory => FileEntryType.Directory,
        _ => FileEntryType.Unspecified,
    };

    private static string NameOf(Dictionary<uint, string> names, uint id) =>
        names.TryGetValue(id, out var name) ? name : id.ToString(CultureInfo.InvariantCulture);
}
