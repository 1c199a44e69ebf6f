using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Node;

/// <summary>Runs scenarios in bash on the host, with the prelude of the cases and the tools of this suite.</summary>
internal static class Shell
{
    public static string Tools { get; } = Path.Combine(AppContext.BaseDirectory, "Tools");

    /// <param name="before">What is sourced or run before the attempt.</param>
    /// <param name="attempt">The scenario.</param>
    /// <param name="after">What is run after it, whatever it did.</param>
    /// <param name="environment">Variables of the contract.</param>
    /// <param name="timeout">Then it is killed with all it started.</param>
    public static async Task<Outcome> RunAsync(
        string before, string attempt, string after, IReadOnlyDictionary<string, string> environment, TimeSpan timeout)
    {
        var script = $"""
            . {CorpusFile.Directory}/tools/http_prelude.sh
            . {Tools}/node.sh
            {before}
            {attempt}
            {after}
            """;
        using var limit = new CancellationTokenSource(timeout);
        try
        {
            var run = await Commands.RunAsync("bash", ["-c", script], "/tmp", environment, limit.Token);
            return new Outcome(run.Stdout, run.ExitCode == 0 ? null : $"exit status {run.ExitCode}", run.Stderr);
        }
        catch (OperationCanceledException)
        {
            return new Outcome("", $"killed by the suite after {timeout.TotalSeconds} s", "");
        }
    }
}
