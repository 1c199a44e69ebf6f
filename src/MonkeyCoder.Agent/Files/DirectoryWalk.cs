using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>
/// Paths below a directory in lexical depth-first order, each directory before what is in it. The root may be a link;
/// links below it are not followed. One directory's names per level are in memory.
/// </summary>
internal sealed class DirectoryWalk
{
    private readonly int _depth;
    private readonly Stack<(string Directory, List<string> Names, int Next)> _levels = new();

    /// <exception cref="AgentFault">The root is missing, no directory, or a link in a circle.</exception>
    public DirectoryWalk(string root, int depth)
    {
        _depth = depth;
        var errno = Libc.TryStatus(root, followLink: true, out var status);
        if (errno is ErrnoName.ENOENT or ErrnoName.ENOTDIR) throw new AgentFault(AgentErrorCode.NotFound, $"directory not found: {root}");
        if (errno != 0) throw AgentFault.Of(errno, $"cannot list '{root}'");
        if (status.Kind != FileKind.Directory) throw new AgentFault(AgentErrorCode.InvalidArgument, $"path is not a directory: {root}");
        if (!TryEnter(PathRules.Clean(root), out errno)) throw AgentFault.Of(errno, $"cannot list '{root}'");
    }

    public bool TryNext(out string path)
    {
        while (_levels.TryPop(out var level))
        {
            if (level.Next == level.Names.Count) continue;
            path = PathRules.Join(level.Directory, level.Names[level.Next]);
            _levels.Push(level with { Next = level.Next + 1 });

            // A directory that vanished meanwhile, or that this user may not read, is listed without its content.
            if (_levels.Count < _depth && Libc.TryStatus(path, followLink: false, out var status) == 0 && status.Kind == FileKind.Directory)
                TryEnter(path, out _);
            return true;
        }

        path = "";
        return false;
    }

    private bool TryEnter(string directory, out int errno)
    {
        var names = Libc.TryListNames(directory, out errno);
        if (names is null) return false;
        names.Sort(StringComparer.Ordinal);
        _levels.Push((directory, names, 0));
        return true;
    }
}
