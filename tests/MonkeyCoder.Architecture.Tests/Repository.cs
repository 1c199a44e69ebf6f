namespace MonkeyCoder.Architecture.Tests;

/// <summary>The working tree that these tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] Skipped = ["artifacts", "node_modules", ".git", "out", "bin", "obj"];

    /// <summary>Directory with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>C# files below <c>src</c>, <c>tests</c> and <c>benchmarks</c>, relative to the root.</summary>
    public static IReadOnlyList<string> SourceFiles { get; } =
        [.. new[] { "src", "tests", "benchmarks" }.SelectMany(static folder => Files(folder, "*.cs"))];

    /// <summary>Markdown files, relative to the root.</summary>
    public static IReadOnlyList<string> Documents { get; } = [.. Files(".", "*.md").Select(static path => path[2..])];

    /// <summary>Project files, relative to the root.</summary>
    public static IReadOnlyList<string> Projects { get; } =
        [.. new[] { "src", "tests", "benchmarks", "samples" }.SelectMany(static folder => Files(folder, "*.csproj"))];

    public static string Read(string path) => File.ReadAllText(Path.Combine(Root, path));

    public static string[] Lines(string path) => File.ReadAllLines(Path.Combine(Root, path));

    public static bool Exists(string path) => File.Exists(Path.Combine(Root, path)) || Directory.Exists(Path.Combine(Root, path));

    private static IEnumerable<string> Files(string folder, string pattern)
    {
        var directory = new DirectoryInfo(Path.Combine(Root, folder));
        return directory.Exists ? Walk(directory, folder, pattern) : [];
    }

    private static IEnumerable<string> Walk(DirectoryInfo directory, string path, string pattern)
    {
        foreach (var file in directory.EnumerateFiles(pattern)) yield return $"{path}/{file.Name}";
        foreach (var child in directory.EnumerateDirectories())
        {
            if (Skipped.Contains(child.Name) || child.LinkTarget is not null) continue;
            foreach (var file in Walk(child, $"{path}/{child.Name}", pattern)) yield return file;
        }
    }

    private static string FindRoot()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
            if (File.Exists(Path.Combine(directory.FullName, "MonkeyCoder.slnx"))) return directory.FullName;
        throw new DirectoryNotFoundException($"No MonkeyCoder.slnx above {AppContext.BaseDirectory}.");
    }
}
