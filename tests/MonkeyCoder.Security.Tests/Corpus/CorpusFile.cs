using System.Text.Json;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Corpus;

/// <summary>The acceptance cases, which lie beside the checkout: in <c>shared/security</c> of a directory above it.</summary>
public static class CorpusFile
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web);

    /// <summary>Directory with the cases and their tools. MONKEY_CORPUS names another one.</summary>
    public static string Directory { get; } = Find();

    /// <summary>All cases, in the file's order.</summary>
    public static IReadOnlyList<CorpusCase> All { get; } =
    [
        .. File.ReadLines(Path.Combine(Directory, "corpus.jsonl"))
            .Where(static line => line.Length > 0)
            .Select(static line => JsonSerializer.Deserialize<CorpusCase>(line, Options)!),
    ];

    public static CorpusCase Case(string id) => All.Single(one => one.Id == id);

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable("MONKEY_CORPUS") is { Length: > 0 } named) return Checked(named);
        for (var directory = Repository.Root; directory is not null; directory = Path.GetDirectoryName(directory))
        {
            foreach (var place in new[] { "shared/security", "work/shared/security" })
                if (File.Exists(Path.Combine(directory, place, "corpus.jsonl"))) return Path.Combine(directory, place);
        }

        return Checked(Path.Combine(Repository.Root, "../shared/security"));
    }

    private static string Checked(string directory) => File.Exists(Path.Combine(directory, "corpus.jsonl"))
        ? directory
        : throw new FileNotFoundException(
            $"There are no acceptance cases at {Path.GetFullPath(directory)}: put the directory shared/security beside the checkout, or name it in MONKEY_CORPUS.");
}
