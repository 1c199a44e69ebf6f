using MonkeyCoder.Agent.Users;
using MonkeyCoder.Contracts.Agent;

namespace MonkeyCoder.Agent.Files;

/// <summary>Turns a path as a caller wrote it into an absolute one: section 3.5 of the E2B contract.</summary>
internal static class PathRules
{
    /// <param name="path">Empty: <paramref name="defaultDirectory"/>, or the home; <c>~</c> and <c>~/…</c>: the home;
    /// absolute: kept as it is; else below the home, cleaned.</param>
    /// <param name="user">Whose home.</param>
    /// <param name="defaultDirectory">The sandbox's default directory, if it has one.</param>
    /// <exception cref="AgentFault">It names another user's home, or has a NUL.</exception>
    public static string Resolve(string path, UserAccount user, string? defaultDirectory)
    {
        if (path.Contains('\0')) throw new AgentFault(AgentErrorCode.InvalidArgument, "a path cannot hold a NUL");
        if (path.Length == 0) path = string.IsNullOrEmpty(defaultDirectory) ? user.Home : defaultDirectory;
        if (path == "~") return user.Home;
        if (path.StartsWith("~/", StringComparison.Ordinal)) return Clean(user.Home + path[1..]);
        if (path.StartsWith('~')) throw new AgentFault(AgentErrorCode.InvalidArgument, "cannot expand user-specific home dir");
        return path.StartsWith('/') ? path : Clean($"{user.Home}/{path}");
    }

    /// <summary>Takes out empty parts, <c>.</c> and <c>..</c> of an absolute path, by its text alone.</summary>
    public static string Clean(string path)
    {
        var parts = new List<string>();
        foreach (var part in path.Split('/'))
        {
            if (part is "" or ".") continue;
            if (part != "..") parts.Add(part);
            else if (parts.Count > 0) parts.RemoveAt(parts.Count - 1);
        }

        return "/" + string.Join('/', parts);
    }

    /// <summary>The directory above, or null for the root.</summary>
    public static string? Parent(string path)
    {
        var trimmed = path.TrimEnd('/');
        if (trimmed.Length == 0) return null;
        var slash = trimmed.LastIndexOf('/');
        return slash == 0 ? "/" : trimmed[..slash];
    }

    /// <summary>The last part; <c>/</c> for the root.</summary>
    public static string Name(string path)
    {
        var trimmed = path.TrimEnd('/');
        return trimmed.Length == 0 ? "/" : trimmed[(trimmed.LastIndexOf('/') + 1)..];
    }

    /// <summary>A path below a directory.</summary>
    public static string Join(string directory, string name) => directory.EndsWith('/') ? directory + name : $"{directory}/{name}";
}
