using System.Text.RegularExpressions;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.EndToEnd.Tests;

/// <summary>The unmodified npm packages <c>e2b</c> and <c>@e2b/code-interpreter</c> against the service (tests/sdk).</summary>
[Collection(NodeCollection.Name)]
public sealed partial class OfficialPackagesTests(NodeUnderTest node)
{
    /// <summary>Fewer than this: a script has not been loaded.</summary>
    private const int LeastTests = 46;

    [Fact]
    public async Task EveryScript_AgainstTheService_Passes()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(10));
        var directory = Path.Combine(Repository.Root, "tests/sdk");
        var outcome = await Commands.RunAsync(
            "node", ["--test", "--test-concurrency=1", "--test-reporter=tap", "."], directory, node.Environment(), limit.Token);

        Assert.True(outcome.ExitCode == 0, outcome.ToString());
        Assert.True(Count("pass", outcome.Stdout) >= LeastTests, outcome.Stdout);
        Assert.Equal(0, Count("fail", outcome.Stdout));
        Assert.Equal(0, Count("skipped", outcome.Stdout));
    }

    private static int Count(string what, string tap) =>
        SummaryLine().Matches(tap).Where(match => match.Groups[1].Value == what).Select(match => int.Parse(match.Groups[2].ValueSpan)).Last();

    [GeneratedRegex("^# (pass|fail|skipped) ([0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex SummaryLine();
}
