using MonkeyCoder.Isolation.Templates;

namespace MonkeyCoder.Isolation.Tests.Templates;

/// <summary>Makes a tiny root filesystem, or does what a test says instead.</summary>
internal sealed class FakeBootstrap : IBootstrap
{
    private int _runs;

    public int Runs => _runs;

    /// <summary>Set once a run has begun.</summary>
    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A run ends when this does.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    public int ExitCode { get; set; }

    public IReadOnlyList<string> Lines { get; set; } = ["I: running apt-get update...", "I: success in 1 seconds"];

    public async Task<int> RunAsync(
        TemplateRecipe recipe, string recipeCopy, string rootPath, Action<string> output, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _runs);
        Assert.False(Directory.Exists(rootPath), "a root of an earlier build was left");
        Assert.All(recipe.Files, file => Assert.True(File.Exists(Path.Combine(recipeCopy, file))));
        Directory.CreateDirectory(Path.Combine(rootPath, "dev"));
        File.WriteAllText(Path.Combine(rootPath, "dev/null"), "");
        File.WriteAllText(Path.Combine(rootPath, "file"), new string('x', 1000));
        File.CreateSymbolicLink(Path.Combine(rootPath, "outside"), "/usr");
        foreach (var line in Lines) output(line);
        Started.TrySetResult();
        await Gate.WaitAsync(cancellationToken);
        return ExitCode;
    }
}
