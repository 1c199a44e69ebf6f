using MonkeyCoder.Isolation.Store;
using MonkeyCoder.Testing;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>A store whose pieces are empty directories with as many files as a test says.</summary>
internal sealed class FakeStore : ISandboxStore
{
    private readonly TemporaryDirectory _directory = new();
    private readonly Dictionary<string, Piece> _pieces = [];

    public string Description => "fake";

    public string RootPath => _directory.Path;

    public long AvailableBytes => 0;

    public Piece this[string name] => _pieces[name];

    public ISubvolume Create(string name, long limitBytes)
    {
        var piece = new Piece(name, Directory.CreateDirectory(Path.Combine(RootPath, name)).FullName, limitBytes);
        _pieces.Add(name, piece);
        return piece;
    }

    public ISubvolume? TryOpen(string name) => _pieces.GetValueOrDefault(name);

    public IReadOnlyList<ISubvolume> List() => [.. _pieces.Values];

    public Task ReclaimAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync()
    {
        _directory.Dispose();
        return ValueTask.CompletedTask;
    }

    internal sealed class Piece(string name, string path, long limitBytes) : ISubvolume, IFileMark
    {
        private readonly Lock _lock = new();
        private long _files; // under _lock
        private long _mark; // under _lock

        public string Name => name;

        public string Path => path;

        public long UsedBytes => 0;

        public long LimitBytes { get; private set; } = limitBytes;

        /// <summary>How often it was counted.</summary>
        public int Counts { get; private set; }

        /// <summary>How often its mark was read.</summary>
        public int MarksRead { get; private set; }

        public void Make(int files)
        {
            lock (_lock) (_files, _mark) = (_files + files, _mark + files);
        }

        public void Remove(int files)
        {
            lock (_lock) _files -= files;
        }

        public long CountFiles()
        {
            lock (_lock)
            {
                Counts++;
                return _files;
            }
        }

        public long ReadFileMark(long before, long step)
        {
            lock (_lock)
            {
                MarksRead++;
                return _mark;
            }
        }

        public void SetLimit(long limitBytes) => LimitBytes = limitBytes;

        public void Delete()
        {
        }
    }
}
