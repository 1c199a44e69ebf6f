using MonkeyCoder.Agent.Connections;
using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>Watches a directory for as long as the node stays connected.</summary>
internal sealed class WatchRequests(AgentSettings settings, UserDirectory users, OutputPace pace)
{
    // statfs(2): NFS, SMB, CIFS, SMB2, FUSE, 9P, Ceph. inotify sees only what this machine does to them.
    private static readonly long[] NetworkFileSystems =
        [0x6969, 0x517B, 0xFF534D42, 0xFE534D42, 0x65735546, 0x01021997, 0x00C36400];

    public void Watch(FrameChannel channel, WatchRequest request)
    {
        var user = users.Resolve(request.Path.User);
        var root = PathRules.Resolve(request.Path.Path, user, settings.Current.DefaultWorkingDirectory);
        var errno = Libc.TryStatus(root, followLink: true, out var status);
        if (errno is ErrnoName.ENOENT or ErrnoName.ENOTDIR) throw new AgentFault(AgentErrorCode.NotFound, $"path {root} not found");
        if (errno != 0) throw AgentFault.Of(errno, $"cannot watch '{root}'");
        if (status.Kind != FileKind.Directory) throw new AgentFault(AgentErrorCode.InvalidArgument, $"path {root} not a directory");
        if (!request.AllowNetworkMounts && NetworkFileSystems.Contains(Libc.FileSystemType(root) & 0xFFFFFFFF))
            throw new AgentFault(AgentErrorCode.InvalidArgument, $"path {root} is on a network mount");

        using var watch = new DirectoryWatch(root, request.Recursive);
        if (!channel.TrySend(FrameType.Ok)) return;

        var events = new List<WatchEventInfo>();
        Span<PollEntry> entries = [new(watch.Queue.Number, Libc.POLLIN), new(channel.Socket.Number, Libc.POLLIN)];
        while (true)
        {
            // While changes come too often, the kernel joins those that are alike.
            var wait = pace.MillisecondsToWait();
            Libc.Poll(wait > 0 ? entries[1..] : entries, wait > 0 ? wait : -1);
            if (entries[1].Returned != 0) return;
            if (entries[0].Returned == 0) continue;
            entries[0] = new PollEntry(watch.Queue.Number, Libc.POLLIN);
            events.Clear();
            watch.Read(events);
            pace.Spend();
            if (!Send(channel, events, root, request.IncludeEntry)) return;
        }
    }

    private bool Send(FrameChannel channel, List<WatchEventInfo> events, string root, bool includeEntry)
    {
        var reader = includeEntry && events.Count > 0 ? new EntryReader(users) : null;
        foreach (var change in events)
        {
            var entry = change.Type is WatchEventType.Create or WatchEventType.Write or WatchEventType.Chmod
                ? reader?.TryRead(change.Name == "." ? root : PathRules.Join(root, change.Name), out _)
                : null;
            if (!channel.TryAdd(FrameType.WatchEvent, change with { Entry = entry })) return false;
        }

        return channel.TrySendAdded();
    }
}
