namespace MonkeyCoder.Testing.Nodes;

/// <summary>Where the checkout under test is, and what its scripts built.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Service => Built("artifacts/bin/MonkeyCoder.Sandbox/release/monkey-sandbox");

    public static string Cli => Built("artifacts/bin/MonkeyCoder.Cli/release/monkey");

    private static string Built(string path)
    {
        var full = Path.Combine(Root, path);
        return File.Exists(full) ? full : throw new FileNotFoundException($"{path} is not built: run ./test, which builds it.");
    }

    private static string Find()
    {
        for (var directory = AppContext.BaseDirectory; directory is not null; directory = Path.GetDirectoryName(directory))
            if (File.Exists(Path.Combine(directory, "MonkeyCoder.slnx"))) return directory;
        throw new DirectoryNotFoundException("There is no MonkeyCoder.slnx at or above the tests.");
    }
}
