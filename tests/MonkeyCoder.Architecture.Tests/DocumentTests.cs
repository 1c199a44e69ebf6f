using System.CommandLine;
using System.Text.RegularExpressions;
using MonkeyCoder.Cli;

namespace MonkeyCoder.Architecture.Tests;

public sealed partial class DocumentTests
{
    private static readonly string[] ChangeKinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];

    [Fact]
    public void Links_EveryLocalOne_LeadsSomewhere() => Offenders.AssertNone(
        from path in Repository.Documents
        from Match link in Link().Matches(Repository.Read(path))
        let target = link.Groups[1].Value
        where !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal)
        where !Leads(path, target)
        select $"{path}: {target}");

    [Fact]
    public void Commands_EveryScript_Exists() => Offenders.AssertNone(
        from path in Repository.Documents
        from command in CommandsOf(path)
        let script = command.Split(' ')[0]
        where script.StartsWith("./", StringComparison.Ordinal)
        where !Repository.Exists(script[2..])
        select $"{path}: {command}");

    [Fact]
    public void Commands_EveryMonkeyCommand_Exists()
    {
        var root = MonkeyCli.Create(CliContext.OfProcess());
        Offenders.AssertNone(
            from path in Repository.Documents
            from command in CommandsOf(path)
            let words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            where words[0] is "monkey" or "./monkey" && words.Length > 1
            let missing = Missing(root, words[1..])
            where missing is not null
            select $"{path}: {command}: there is no {missing}");
    }

    [Fact]
    public void CodeChecks_EveryRule_IsInItsDocument()
    {
        var rules = CodeRule().Matches(Repository.Read("templates/base/kernels/pythoncheck/monkeycoder_check/rules.py"))
            .Select(static rule => $"{rule.Groups[1].Value} {rule.Groups[2].Value}".ToLowerInvariant()).Append("validator-limit error");
        var documented = CodeRuleRow().Matches(Repository.Read("docs/CODE-CHECKS.md"))
            .Select(static row => $"{row.Groups[1].Value} {row.Groups[2].Value}");

        Assert.Equal(rules.Order(StringComparer.Ordinal), documented.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Changelog_Form_IsKeepAChangelog()
    {
        var lines = Repository.Lines("CHANGELOG.md");
        Assert.Equal("# Changelog", lines[0]);
        Assert.Equal("## Unreleased", lines.First(static line => line.StartsWith("## ", StringComparison.Ordinal)));
        Offenders.AssertNone(lines.Where(static line => line.StartsWith("### ", StringComparison.Ordinal)).Select(static line => line[4..]).Except(ChangeKinds));
        Offenders.AssertNone(lines.Where(static line =>
            line.StartsWith("## ", StringComparison.Ordinal) && line != "## Unreleased" && !Release().IsMatch(line)));
    }

    [Fact]
    public void Decisions_EachRecord_HasItsPartsAndIsCited()
    {
        var records = Repository.Documents.Where(static path => path.StartsWith("docs/adr/", StringComparison.Ordinal)).ToArray();
        var map = Repository.Read("docs/SANDBOX_ARCHITECTURE.md");
        Assert.NotEmpty(records);
        foreach (var path in records)
        {
            Assert.Matches(@"^docs/adr/\d{4}-[a-z0-9-]+\.md$", path);
            var text = Repository.Read(path);
            foreach (var part in new[] { "## Context", "## Decision", "## Consequences", "## Alternatives" })
                Assert.Contains(part, text, StringComparison.Ordinal);
            Assert.Contains("SANDBOX_ARCHITECTURE.md", text, StringComparison.Ordinal);
            Assert.Contains(path["docs/".Length..], map, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void SecurityModel_EveryTestThatItNames_Exists()
    {
        var methods = Repository.SourceFiles.Where(static path => path.StartsWith("tests/", StringComparison.Ordinal))
            .SelectMany(static path => TestMethod().Matches(Repository.Read(path)))
            .Select(static method => method.Groups[1].Value)
            .ToHashSet();
        var named = TestName().Matches(Repository.Read("docs/SECURITY-MODEL.md")).Select(static name => name.Groups[1].Value).ToArray();
        Assert.NotEmpty(named);
        Offenders.AssertNone(named.Where(name => !methods.Contains(name)));
    }

    private static bool Leads(string document, string target)
    {
        var parts = target.Split('#', 2);
        var path = parts[0].Length == 0
            ? document
            : Path.GetRelativePath(".", Path.Combine(Path.GetDirectoryName(document)!, parts[0]));
        if (!Repository.Exists(path)) return false;
        return parts.Length == 1 || !path.EndsWith(".md", StringComparison.Ordinal) || AnchorsOf(path).Contains(parts[1]);
    }

    // The anchors that hosting sites make of headings: lower case, words joined by dashes, other signs dropped.
    private static IEnumerable<string> AnchorsOf(string path) =>
        Heading().Matches(Repository.Read(path))
            .Select(static heading => NoAnchor().Replace(heading.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-'));

    /// <summary>Lines of shell blocks without comments and prompts, and inline code that begins like a command.</summary>
    private static IEnumerable<string> CommandsOf(string path)
    {
        var text = Repository.Read(path);
        foreach (Match block in ShellBlock().Matches(text))
            foreach (var line in block.Groups[1].Value.Split('\n'))
                if (line.Split('#')[0].Trim() is { Length: > 0 } command) yield return command.StartsWith("$ ", StringComparison.Ordinal) ? command[2..] : command;
        foreach (Match code in InlineCommand().Matches(CodeBlock().Replace(text, "")))
            yield return code.Groups[1].Value;
    }

    /// <summary>The first word of a command line that the tree of commands does not know.</summary>
    private static string? Missing(Command command, IEnumerable<string> words)
    {
        foreach (var word in words)
        {
            if (word is "|" or ">" or "&&" or "<" or "\\") break;
            if (word.StartsWith("--", StringComparison.Ordinal))
            {
                var name = word.Split('=')[0];
                if (name is not ("--help" or "--version") && !command.Options.Any(option => option.Name == name)) return name;
            }
            else if (command.Subcommands.Count > 0)
            {
                var alternatives = word.Split('|');
                if (alternatives.FirstOrDefault(name => command.Subcommands.All(child => child.Name != name)) is { } unknown) return unknown;
                command = command.Subcommands.First(child => child.Name == alternatives[0]);
            }
        }

        return null;
    }

    [GeneratedRegex("""^[A-Z_]+ = Rule\("([a-z-]+)", (WARNING|ERROR), ".""", RegexOptions.Multiline)]
    private static partial Regex CodeRule();

    [GeneratedRegex(@"^\| `([a-z-]+)` \| (warning|error) \|", RegexOptions.Multiline)]
    private static partial Regex CodeRuleRow();

    // As tests are named: what, under which condition, with which outcome.
    [GeneratedRegex(@"`([A-Z]+[a-z]\w*_[A-Z0-9]\w*)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"public (?:static )?(?:async )?(?:Task|ValueTask|void) (\w+_\w+)\(")]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^#{1,6} (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();

    [GeneratedRegex(@"^```(?:sh|bash|console)\n([\s\S]*?)^```", RegexOptions.Multiline)]
    private static partial Regex ShellBlock();

    [GeneratedRegex(@"^```[\s\S]*?^```", RegexOptions.Multiline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"`((?:\./|monkey )[^`\n]+)`")]
    private static partial Regex InlineCommand();

    [GeneratedRegex(@"^## \d+\.\d+\.\d+ - \d{4}-\d{2}-\d{2}$")]
    private static partial Regex Release();
}
