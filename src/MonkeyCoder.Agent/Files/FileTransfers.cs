using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>Streams file contents in both directions, one chunk in memory at a time.</summary>
internal sealed class FileTransfers(AgentSettings settings, UserDirectory users, DirectoryMaker directories)
{
    private const uint FileMode = 0x1B6; // 0666, before the umask
    private const long ProcFileSystem = 0x9FA0;
    private const long SysFileSystem = 0x62656572;

    public void Read(FrameChannel channel, FileReadRequest request)
    {
        var user = users.Resolve(request.Path.User);
        var path = PathRules.Resolve(request.Path.Path, user, settings.Current.DefaultWorkingDirectory);
        if (request.Offset < 0 || request.Length < -1)
            throw new AgentFault(AgentErrorCode.InvalidArgument, "an offset cannot be negative, nor a length below -1");

        using var file = OpenToRead(path);
        // Files of procfs and sysfs have a size of 0 and content all the same.
        var size = Libc.Status(file).SizeBytes;
        if (size == 0 && Libc.FileSystemType(path) is ProcFileSystem or SysFileSystem) size = -1;

        // What a file grows by while it is being read is left for the next read, so that the announced size is true.
        var left = size < 0 ? long.MaxValue : Math.Max(0, size - request.Offset);
        if (request.Length >= 0) left = Math.Min(left, request.Length);
        if (!channel.TrySend(FrameType.FileOpened, new FileOpenedAnswer(new EntryReader(users).Read(path), size))) return;
        SendContent(channel, file, path, request.Offset, left);
    }

    public void Write(FrameChannel channel, FileWriteRequest request)
    {
        var user = users.Resolve(request.Path.User);
        var path = PathRules.Resolve(request.Path.Path, user, settings.Current.DefaultWorkingDirectory);
        FileMetadata.Validate(request.Metadata);
        directories.MakeParents(path, user);
        using var file = OpenToWrite(path, user);
        while (true)
        {
            if (!channel.TryReceive(out var type, out var payload)) return;
            if (type == FrameType.End) break;
            if (type != FrameType.Data) throw new InvalidDataException($"Frame type {(byte)type} within a file's content.");
            WriteAll(file, payload.Span, path);
        }

        FileMetadata.Replace(path, file, request.Metadata);
        channel.TrySend(FrameType.FileEntry, new EntryReader(users).Read(path));
    }

    /// <summary>Concatenates files; the destination may be one of them, and appears whole or not at all.</summary>
    public void Compose(FrameChannel channel, ComposeRequest request)
    {
        if (request.Sources.Count == 0) throw new AgentFault(AgentErrorCode.InvalidArgument, "nothing to compose: no source paths");
        var user = users.Resolve(request.User);
        var sources = request.Sources.Select(source => PathRules.Resolve(source, user, settings.Current.DefaultWorkingDirectory)).ToArray();
        var destination = PathRules.Resolve(request.Destination, user, settings.Current.DefaultWorkingDirectory);
        if (Libc.TryStatus(destination, followLink: true, out var status) == 0 && status.Kind != FileKind.Regular)
            throw new AgentFault(AgentErrorCode.InvalidArgument, $"path '{destination}' is not a file");
        foreach (var source in sources) OpenToRead(source).Dispose();

        directories.MakeParents(destination, user);
        var parts = $"{destination}.{Environment.TickCount64:x}.parts";
        try
        {
            using (var file = OpenToWrite(parts, user))
            {
                foreach (var source in sources) Append(file, parts, source);
            }

            var errno = Libc.TryRename(parts, destination);
            if (errno != 0) throw AgentFault.Of(errno, $"cannot put '{destination}' in place");
        }
        catch
        {
            _ = Libc.TryUnlink(parts);
            throw;
        }

        foreach (var source in sources)
        {
            if (source != destination) _ = Libc.TryUnlink(source);
        }

        channel.TrySend(FrameType.FileEntry, new EntryReader(users).Read(destination));
    }

    private static void SendContent(FrameChannel channel, FileDescriptor file, string path, long offset, long left)
    {
        var buffer = new byte[AgentProtocol.HeaderBytes + AgentProtocol.MaxChunkBytes];
        while (left > 0)
        {
            var wanted = (int)Math.Min(left, AgentProtocol.MaxChunkBytes);
            var count = Libc.TryReadAt(file, buffer.AsSpan(AgentProtocol.HeaderBytes, wanted), offset);
            // EAGAIN: a file of procfs that would make us wait; it has nothing more now.
            if (count is 0 or -ErrnoName.EAGAIN) break;
            if (count < 0) throw AgentFault.Of(-count, $"cannot read '{path}'");
            if (!channel.TrySendChunk(FrameType.Data, buffer, count)) return;
            offset += count;
            left -= count;
        }

        channel.TrySend(FrameType.End);
    }

    private static void Append(FileDescriptor file, string path, string source)
    {
        using var from = OpenToRead(source);
        var buffer = new byte[AgentProtocol.MaxChunkBytes];
        while (true)
        {
            var count = Libc.TryRead(from, buffer);
            if (count == 0) return;
            if (count < 0) throw AgentFault.Of(-count, $"cannot read '{source}'");
            WriteAll(file, buffer.AsSpan(0, count), path);
        }
    }

    private static void WriteAll(FileDescriptor file, ReadOnlySpan<byte> bytes, string path)
    {
        var result = Libc.TryWriteAll(file, bytes);
        if (result < 0) throw AgentFault.Of(-result, $"cannot write '{path}'");
    }

    private static FileDescriptor OpenToRead(string path)
    {
        var file = Libc.TryOpen(path, OpenHow.Read, 0, out var errno);
        if (file is null)
        {
            throw errno is ErrnoName.ENOENT or ErrnoName.ENOTDIR
                ? new AgentFault(AgentErrorCode.NotFound, $"path '{path}' does not exist")
                : AgentFault.Of(errno, $"cannot open '{path}'");
        }

        var kind = Libc.Status(file).Kind;
        if (kind == FileKind.Regular) return file;
        file.Dispose();
        throw new AgentFault(AgentErrorCode.InvalidArgument, kind == FileKind.Directory
            ? $"path '{path}' is a directory"
            : $"path '{path}' is not a regular file");
    }

    private FileDescriptor OpenToWrite(string path, UserAccount user)
    {
        var file = Libc.TryOpen(path, OpenHow.Write | OpenHow.Create, FileMode, out var errno);
        if (file is null)
        {
            throw errno == ErrnoName.EISDIR
                ? new AgentFault(AgentErrorCode.InvalidArgument, $"path '{path}' is a directory")
                : AgentFault.Of(errno, $"cannot open '{path}'");
        }

        try
        {
            // A pipe or device would take the bytes to somewhere, or keep this thread for ever.
            if (Libc.Status(file).Kind != FileKind.Regular)
                throw new AgentFault(AgentErrorCode.InvalidArgument, $"path '{path}' is not a regular file");
            errno = Libc.TryTruncate(file, 0);
            if (errno != 0) throw AgentFault.Of(errno, $"cannot empty '{path}'");
            directories.GiveTo(user, file, path);
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }
}
