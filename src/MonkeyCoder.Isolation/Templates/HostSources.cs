namespace MonkeyCoder.Isolation.Templates;

/// <summary>
/// Package sources of the host's apt (sources.list(5)), so that a build uses the mirror that the operator has chosen.
/// </summary>
internal static class HostSources
{
    private const string AptDirectory = "/etc/apt";

    /// <summary>
    /// Lines <c>deb URI SUITE main</c> for the suite and its updates and security suites; empty where the host has none for the suite,
    /// which then means Debian's own servers.
    /// </summary>
    public static IReadOnlyList<string> Find(string suite, string aptDirectory = AptDirectory)
    {
        string[] wanted = [suite, $"{suite}-updates", $"{suite}-security"];
        var found = ReadEntries(aptDirectory)
            .Where(entry => wanted.Contains(entry.Suite))
            .Select(entry => $"deb {entry.Uri} {entry.Suite} main")
            .Distinct()
            .ToArray();
        return found.Any(line => line.Contains($" {suite} ", StringComparison.Ordinal)) ? found : [];
    }

    private static IEnumerable<(string Uri, string Suite)> ReadEntries(string directory)
    {
        var parts = Path.Combine(directory, "sources.list.d");
        IEnumerable<string> files = [Path.Combine(directory, "sources.list")];
        if (Directory.Exists(parts)) files = files.Concat(Directory.EnumerateFiles(parts).Order(StringComparer.Ordinal));
        foreach (var file in files.Where(File.Exists))
        {
            var lines = File.ReadAllLines(file).Where(line => !line.StartsWith('#'));
            var entries = file.EndsWith(".sources", StringComparison.Ordinal) ? ReadStanzas(lines) : lines.SelectMany(ReadLine);
            foreach (var entry in entries) yield return entry;
        }
    }

    // deb [options] URI SUITE COMPONENT...
    private static IEnumerable<(string Uri, string Suite)> ReadLine(string line)
    {
        if (!line.StartsWith("deb ", StringComparison.Ordinal)) yield break;
        var options = line.IndexOf(']', StringComparison.Ordinal);
        var fields = Fields(options < 0 ? line[4..] : line[(options + 1)..]);
        if (fields.Length > 2 && fields.Skip(2).Contains("main")) yield return (fields[0], fields[1]);
    }

    private static IEnumerable<(string Uri, string Suite)> ReadStanzas(IEnumerable<string> lines)
    {
        var stanza = new Dictionary<string, string[]>(StringComparer.OrdinalIgnoreCase);
        foreach (var line in lines.Append(""))
        {
            if (line.Length == 0)
            {
                foreach (var entry in Combine(stanza)) yield return entry;
                stanza.Clear();
            }
            else if (line.Split(':', 2) is [var key, var value])
                stanza[key] = Fields(value);
        }
    }

    private static IEnumerable<(string Uri, string Suite)> Combine(Dictionary<string, string[]> stanza)
    {
        string[] Values(string key) => stanza.GetValueOrDefault(key) ?? [];
        if (!Values("Types").Contains("deb") || !Values("Components").Contains("main") || Values("Enabled").Contains("no")) return [];
        return Values("URIs").SelectMany(uri => Values("Suites").Select(suite => (uri, suite)));
    }

    private static string[] Fields(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
}
