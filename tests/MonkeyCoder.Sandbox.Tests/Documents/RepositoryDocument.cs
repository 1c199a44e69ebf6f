namespace MonkeyCoder.Sandbox.Tests.Documents;

/// <summary>
/// A document that is written from the code. The test that compares the two writes the file anew where the variable
/// <c>UPDATE_DOCS</c> is 1.
/// </summary>
internal static class RepositoryDocument
{
    public static void AssertIs(string name, string expected)
    {
        var path = Path.Combine(Root(), "docs", name);
        if (Environment.GetEnvironmentVariable("UPDATE_DOCS") == "1") File.WriteAllText(path, expected);
        var actual = File.Exists(path) ? File.ReadAllText(path) : "";
        Assert.True(actual == expected, $"docs/{name} is not what the code says: run this test with UPDATE_DOCS=1 and read the difference.");
    }

    private static string Root()
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "MonkeyCoder.slnx"))) directory = Path.GetDirectoryName(directory)!;
        return directory;
    }
}
