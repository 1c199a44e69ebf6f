using MonkeyCoder.Linux;

namespace MonkeyCoder.Agent.Files;

/// <summary>Removes a file or a whole tree; links are removed, not followed.</summary>
internal static class TreeRemoval
{
    /// <exception cref="AgentFault">Something in it cannot be removed.</exception>
    public static void Run(string path)
    {
        if (TryRemoveFile(path)) return;

        // Each directory is visited twice: to find what is in it, and to remove it when that is gone.
        var todo = new Stack<(string Path, bool Emptied)>();
        todo.Push((path, false));
        while (todo.TryPop(out var item))
        {
            if (item.Emptied)
            {
                var errno = Libc.TryRemoveDirectory(item.Path);
                if (errno is not (0 or ErrnoName.ENOENT)) throw AgentFault.Of(errno, $"cannot remove '{item.Path}'");
                continue;
            }

            todo.Push((item.Path, true));
            var names = Libc.TryListNames(item.Path, out var failure);
            if (names is null && failure != ErrnoName.ENOENT) throw AgentFault.Of(failure, $"cannot list '{item.Path}'");
            foreach (var name in names ?? [])
            {
                var child = PathRules.Join(item.Path, name);
                if (!TryRemoveFile(child)) todo.Push((child, false));
            }
        }
    }

    /// <summary>true: it is gone; false: it is a directory.</summary>
    private static bool TryRemoveFile(string path)
    {
        var errno = Libc.TryStatus(path, followLink: false, out var status);
        if (errno is ErrnoName.ENOENT or ErrnoName.ENOTDIR) return true;
        if (errno != 0) throw AgentFault.Of(errno, $"cannot look at '{path}'");
        if (status.Kind == FileKind.Directory) return false;
        errno = Libc.TryUnlink(path);
        return errno is 0 or ErrnoName.ENOENT ? true : throw AgentFault.Of(errno, $"cannot remove '{path}'");
    }
}
