namespace MonkeyCoder.Isolation.Templates;

/// <summary>Finds what lies beside the program when it is installed, and further up when it runs from the repository.</summary>
internal static class ProgramFiles
{
    /// <summary>First <paramref name="relativePath"/> that is <paramref name="accepted"/>, from the program's directory upwards; null where none is.</summary>
    public static string? FindUpwards(string relativePath, Predicate<string> accepted)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            var path = Path.Combine(directory.FullName, relativePath);
            if (accepted(path)) return path;
        }

        return null;
    }
}
