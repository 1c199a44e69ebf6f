namespace MonkeyCoder.Isolation.Templates;

/// <summary>
/// The files of a template that run as somebody else: looked for once, and kept in a list beside its root. A template is
/// never written to again, so the list stays true.
/// </summary>
internal static class SetIdFiles
{
    private const string ListName = "set-id-files";

    private static readonly EnumerationOptions Everywhere = new()
    {
        RecurseSubdirectories = true,
        AttributesToSkip = FileAttributes.ReparsePoint,
        IgnoreInaccessible = false,
    };

    /// <summary>Their paths inside, in order.</summary>
    public static IReadOnlyList<string> Of(Template template)
    {
        ArgumentNullException.ThrowIfNull(template);
        var list = Path.Combine(Path.GetDirectoryName(template.RootPath)!, ListName);
        if (File.Exists(list)) return File.ReadAllLines(list);
        var found = Find(template.RootPath);
        // Appears whole or not at all; of two services, both write the same.
        var draft = $"{list}.{Environment.ProcessId}";
        File.WriteAllLines(draft, found);
        File.Move(draft, list, overwrite: true);
        return found;
    }

    private static string[] Find(string root) =>
    [
        .. new DirectoryInfo(root).EnumerateFiles("*", Everywhere)
            .Where(static file => (file.UnixFileMode & (UnixFileMode.SetUser | UnixFileMode.SetGroup)) != 0)
            .Select(file => file.FullName[root.Length..])
            .Order(StringComparer.Ordinal),
    ];
}
