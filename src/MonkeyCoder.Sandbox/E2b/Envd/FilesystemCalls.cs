using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Sandbox.E2b.Connect;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>The unary methods of <c>filesystem.Filesystem</c> that do not watch.</summary>
internal static class FilesystemCalls
{
    /// <summary>Entries of one listing; more would not fit into a client either.</summary>
    private const int MaxEntries = 200_000;

    private const int MaxDepth = 1000;

    public static async Task<EntryAnswer> StatAsync(ConnectCall call, PathRecord request) =>
        new(EntryMapper.Entry(await call.Sandbox.Agent.StatAsync(Path(call, request.Path), call.Cancelled).ConfigureAwait(false)));

    public static async Task<EntryAnswer> MakeDirAsync(ConnectCall call, PathRecord request) =>
        new(EntryMapper.Entry(await call.Sandbox.Agent.MakeDirectoryAsync(Path(call, request.Path), call.Cancelled).ConfigureAwait(false)));

    public static async Task<EmptyRecord> RemoveAsync(ConnectCall call, PathRecord request)
    {
        await call.Sandbox.Agent.RemoveAsync(Path(call, request.Path), call.Cancelled).ConfigureAwait(false);
        return new EmptyRecord();
    }

    public static async Task<EntryAnswer> MoveAsync(ConnectCall call, MoveFileRequest request)
    {
        var move = new MoveRequest(
            AgentText.Path("source", request.Source), AgentText.Path("destination", request.Destination), call.User);
        return new EntryAnswer(EntryMapper.Entry(await call.Sandbox.Agent.MoveAsync(move, call.Cancelled).ConfigureAwait(false)));
    }

    public static async Task<EntriesAnswer> ListDirAsync(ConnectCall call, ListDirRequest request)
    {
        var list = new ListDirectoryRequest(Path(call, request.Path), (int)Math.Min(request.Depth, MaxDepth));
        List<EntryRecord> entries = [];
        await foreach (var entry in call.Sandbox.Agent.ListDirectoryAsync(list, call.Cancelled).ConfigureAwait(false))
        {
            if (entries.Count == MaxEntries)
                throw new Isolation.Agents.AgentException(AgentErrorCode.ResourceExhausted, $"more than {MaxEntries} entries; list less deep");
            entries.Add(EntryMapper.Entry(entry));
        }

        return new EntriesAnswer(entries);
    }

    /// <summary>A checked path with the acting user.</summary>
    public static PathRequest Path(ConnectCall call, string? path) => new(AgentText.Path("path", path), call.User);
}
