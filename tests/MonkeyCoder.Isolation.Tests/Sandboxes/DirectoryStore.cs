using MonkeyCoder.Isolation.Store;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>A store of plain directories without limits.</summary>
internal sealed class DirectoryStore(string root) : ISandboxStore
{
    public string Description => "directories";
    public string RootPath => root;
    public long AvailableBytes => long.MaxValue;

    public ISubvolume Create(string name, long limitBytes)
    {
        var piece = new Piece(name, Path.Combine(root, name));
        Directory.CreateDirectory(piece.Path);
        return piece;
    }

    public ISubvolume? TryOpen(string name) =>
        Directory.Exists(Path.Combine(root, name)) ? new Piece(name, Path.Combine(root, name)) : null;

    public IReadOnlyList<ISubvolume> List() => Directory.Exists(root)
        ? [.. Directory.EnumerateDirectories(root).Select(path => new Piece(Path.GetFileName(path), path))]
        : [];

    public Task ReclaimAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private sealed class Piece(string name, string path) : ISubvolume
    {
        public string Name => name;
        public string Path => path;
        public long UsedBytes => 0;

        public void SetLimit(long limitBytes)
        {
        }

        public void Delete()
        {
            if (Directory.Exists(path)) Directory.Delete(path, recursive: true);
        }
    }
}
