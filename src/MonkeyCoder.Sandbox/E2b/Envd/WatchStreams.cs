using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.E2b.Connect;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>The server stream of <c>filesystem.Filesystem</c>: changes below a directory.</summary>
internal static class WatchStreams
{
    private static ReadOnlySpan<byte> Start => """{"start":{}}"""u8;

    private static ReadOnlySpan<byte> Keepalive => """{"keepalive":{}}"""u8;

    public static async Task WatchDirAsync(ConnectCall call, WatchDirRequest request, ConnectStream stream)
    {
        await using var watch = await call.Sandbox.Agent.WatchAsync(Plan(call, request), call.Cancelled).ConfigureAwait(false);
        await stream.WriteRawAsync(Start).ConfigureAwait(false);
        await IdlePump.RunAsync(
            watch.ReadAllAsync, call.KeepaliveInterval, call.Time,
            item => stream.WriteAsync(new WatchMessage { Filesystem = EntryMapper.Event(item) }, E2bJson.Default.WatchMessage),
            stream.FlushAsync, () => stream.SendRawAsync(Keepalive), call.Cancelled).ConfigureAwait(false);
    }

    /// <summary>A checked request.</summary>
    public static WatchRequest Plan(ConnectCall call, WatchDirRequest request) =>
        new(FilesystemCalls.Path(call, request.Path), request.Recursive, request.IncludeEntry, request.AllowNetworkMounts);
}
