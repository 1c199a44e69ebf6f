using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Security.Tests.Node;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Controls;

/// <summary>
/// Runs cases where nothing holds, each as a program of its own, to see that they can succeed: a case that cannot proves nothing
/// where it is held.
/// </summary>
internal static class ControlRun
{
    private static readonly TimeSpan Time = TimeSpan.FromMinutes(3);

    /// <param name="cases">Ids.</param>
    /// <param name="namespaces">Arguments of unshare(1): what is not the host's.</param>
    /// <param name="tool">A script of this suite that makes the place and runs the cases in it.</param>
    /// <param name="arguments">What the script takes after the directory of the run.</param>
    /// <returns>What each case came to.</returns>
    public static async Task<IReadOnlyDictionary<string, Verdict>> RunAsync(
        IReadOnlyCollection<string> cases, IEnumerable<string> namespaces, string tool, params string[] arguments)
    {
        var directory = Directory.CreateTempSubdirectory("monkeycoder-control-").FullName;
        try
        {
            var place = Directory.CreateDirectory(Path.Combine(directory, "cases")).FullName;
            Directory.CreateDirectory(Path.Combine(directory, "layer"));
            foreach (var tried in cases.Select(CorpusFile.Case))
                await File.WriteAllTextAsync(Path.Combine(place, tried.Id + (tried.Where == "sandbox-python" ? ".py" : ".sh")), tried.Attempt);

            using var limit = new CancellationTokenSource(Time);
            // Whatever is left of it ends with the command.
            string[] command = [.. namespaces, "--mount", "--kill-child", "--fork", "bash", Path.Combine(Shell.Tools, tool), directory, .. arguments];
            var run = await Commands.RunAsync("unshare", command, "/", new Dictionary<string, string>(), limit.Token);
            Assert.True(run.ExitCode == 0, $"{tool}: {run}");
            return cases.ToDictionary(static id => id, id => Judge.Of(CorpusFile.Case(id), new Outcome(Read(Path.Combine(place, id + ".out")), null, "")));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static string Read(string file) => File.Exists(file) ? File.ReadAllText(file) : "";
}
