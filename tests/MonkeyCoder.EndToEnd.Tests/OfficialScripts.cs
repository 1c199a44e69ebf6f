using System.Globalization;
using System.Text.RegularExpressions;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>What drives a node with the unmodified npm packages <c>e2b</c> and <c>@e2b/code-interpreter</c> (tests/sdk).</summary>
internal static partial class OfficialScripts
{
    /// <summary>Fewer than this: a script has not been loaded.</summary>
    private const int LeastTests = 52;

    /// <summary>Runs every script, none of whose tests may be left out.</summary>
    /// <returns>The names of the tests that failed, and the whole output (TAP version 13).</returns>
    public static async Task<(IReadOnlyList<string> Failed, string Output)> RunAsync(NodeUnderTest node, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(10));
        var outcome = await Commands.RunAsync(
            "node",
            ["--test", "--test-concurrency=1", "--test-reporter=tap", "."],
            Path.Combine(Repository.Root, "tests/sdk"),
            node.Environment(),
            limit.Token);
        string[] failed = [.. FailedTest().Matches(outcome.Stdout).Select(static match => match.Groups[1].Value)];
        Assert.Equal(outcome.ExitCode != 0, failed.Length > 0);
        Assert.Equal(Count("fail", outcome.Stdout), failed.Length);
        Assert.True(Count("tests", outcome.Stdout) >= LeastTests, outcome.Stdout);
        Assert.Equal(0, Count("skipped", outcome.Stdout));
        return (failed, outcome.ToString());
    }

    private static int Count(string what, string tap) => SummaryLine().Matches(tap)
        .Where(match => match.Groups[1].Value == what)
        .Select(static match => int.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture))
        .Last();

    [GeneratedRegex("^# (tests|fail|skipped) ([0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex SummaryLine();

    [GeneratedRegex("^not ok [0-9]+ - (.+)$", RegexOptions.Multiline)]
    private static partial Regex FailedTest();
}
