using MonkeyCoder.Client;
using MonkeyCoder.Contracts.Executions;
using MonkeyCoder.Security.Tests.Corpus;
using MonkeyCoder.Testing.Nodes;

namespace MonkeyCoder.Security.Tests.Inside;

/// <summary>
/// A fresh sandbox of the strict profile, made and used as every caller does: by <c>/sandbox/execute</c>, kept, and then by
/// its id through the E2B API. Disposing kills it.
/// </summary>
internal sealed class StrictSandbox : IAsyncDisposable
{
    private readonly SandboxClient _client;

    private StrictSandbox(SandboxClient client, RemoteSandbox remote)
    {
        _client = client;
        Remote = remote;
    }

    public RemoteSandbox Remote { get; }

    public string Id => Remote.Id;

    public SandboxClient Client => _client;

    public static async Task<StrictSandbox> CreateAsync(NodeUnderTest node, CancellationToken cancellationToken, string? apiKey = null)
    {
        ArgumentNullException.ThrowIfNull(node);
        var client = node.NewClient(apiKey);
        var made = await client.ExecuteCodeAsync(
            "true", "make", TimeSpan.FromSeconds(30), new ExecuteCodeOptions { Language = "bash", Keep = true }, cancellationToken);
        Assert.Equal(ExecutionStatus.Completed, made.Status);
        return new StrictSandbox(client, await client.ConnectAsync(made.SandboxId!, TimeSpan.FromMinutes(10), cancellationToken));
    }

    /// <summary>Runs a case as a program of its own.</summary>
    public Task<Outcome> RunAsync(CorpusCase tried, CancellationToken cancellationToken) =>
        RunAsync($"exec {Program(tried)} -c {Quote(tried.Attempt)}", tried.Timeout, cancellationToken);

    /// <summary>Runs a command of bash.</summary>
    public async Task<Outcome> RunAsync(string command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var options = new CommandOptions { Timeout = Patience(timeout) };
        var result = await Remote.RunCommandAsync(command, options, cancellationToken);
        return new Outcome(result.Stdout, result.ExitCode == 0 ? null : result.Error, result.Stderr);
    }

    /// <summary>Runs a case as a cell of a fresh sandbox, the shortest way in.</summary>
    public static async Task<Outcome> RunCellAsync(SandboxClient client, CorpusCase tried, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(tried);
        var options = new ExecuteCodeOptions { Language = tried.Where == "sandbox-python" ? "python" : "bash" };
        var answer = await client.ExecuteCodeAsync(tried.Attempt, "cell-" + tried.Id, Patience(tried.Timeout), options, cancellationToken);
        var logs = answer.Result?.Logs;
        return new Outcome(
            string.Concat(logs?.Stdout ?? []),
            answer.Status == ExecutionStatus.Completed ? null : $"{answer.Status} {answer.Reason}",
            string.Concat(logs?.Stderr ?? []) + answer.Result?.Error?.Traceback);
    }

    public async ValueTask DisposeAsync()
    {
        await Remote.KillAsync(CancellationToken.None);
        await Remote.DisposeAsync();
        _client.Dispose();
    }

    /// <summary>A text as one word of a shell.</summary>
    public static string Quote(string text) => "'" + text.Replace("'", @"'\''", StringComparison.Ordinal) + "'";

    private static string Program(CorpusCase tried) => tried.Where == "sandbox-python" ? "python3" : "bash";

    // The times of the cases are those of an idle machine with whole cores.
    private static TimeSpan Patience(TimeSpan timeout) => 4 * timeout;
}
