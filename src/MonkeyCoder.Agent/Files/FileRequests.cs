using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>Requests about names in the filesystem: section 3.4 of the E2B contract.</summary>
internal sealed class FileRequests(AgentSettings settings, UserDirectory users, DirectoryMaker directories)
{
    public void Stat(FrameChannel channel, PathRequest request) => Answer(channel, Resolve(request, out _));

    public void MakeDirectory(FrameChannel channel, PathRequest request)
    {
        var path = Resolve(request, out var user);
        if (Libc.TryStatus(path, followLink: true, out var status) == 0)
        {
            throw status.Kind == FileKind.Directory
                ? new AgentFault(AgentErrorCode.AlreadyExists, $"directory already exists: {path}")
                : new AgentFault(AgentErrorCode.InvalidArgument, $"path already exists but it is not a directory: {path}");
        }

        directories.MakeAll(path, user);
        Answer(channel, path);
    }

    public void Move(FrameChannel channel, MoveRequest request)
    {
        var user = users.Resolve(request.User);
        var source = PathRules.Resolve(request.Source, user, settings.Current.DefaultWorkingDirectory);
        var destination = PathRules.Resolve(request.Destination, user, settings.Current.DefaultWorkingDirectory);
        if (Libc.TryStatus(source, followLink: false, out _) == ErrnoName.ENOENT)
            throw new AgentFault(AgentErrorCode.NotFound, $"source file not found: {source}");
        directories.MakeParents(destination, user);
        var errno = Libc.TryRename(source, destination);
        if (errno != 0) throw AgentFault.Of(errno, $"cannot move '{source}' to '{destination}'");
        Answer(channel, destination);
    }

    /// <summary>Entries are sent as they are found; a directory comes before what is in it.</summary>
    public void List(FrameChannel channel, ListDirectoryRequest request)
    {
        var root = Resolve(request.Path, out _);
        if (request.Depth < 0) throw new AgentFault(AgentErrorCode.InvalidArgument, "a depth cannot be negative");
        var reader = new EntryReader(users);
        var walk = new DirectoryWalk(root, Math.Max(1, request.Depth));
        while (walk.TryNext(out var path))
        {
            if (reader.TryRead(path, out _) is { } entry && !channel.TryAdd(FrameType.FileEntry, entry)) return;
        }

        channel.TrySend(FrameType.End);
    }

    /// <summary>Removes a file, or a directory with all that is in it. What is not there is fine.</summary>
    public void Remove(FrameChannel channel, PathRequest request)
    {
        var path = Resolve(request, out _);
        if (PathRules.Clean(path) == "/") throw new AgentFault(AgentErrorCode.InvalidArgument, "the root directory cannot be removed");
        TreeRemoval.Run(path);
        channel.TrySend(FrameType.Ok);
    }

    private string Resolve(PathRequest request, out UserAccount user)
    {
        user = users.Resolve(request.User);
        return PathRules.Resolve(request.Path, user, settings.Current.DefaultWorkingDirectory);
    }

    private void Answer(FrameChannel channel, string path) =>
        channel.TrySend(FrameType.FileEntry, new EntryReader(users).Read(path));
}
