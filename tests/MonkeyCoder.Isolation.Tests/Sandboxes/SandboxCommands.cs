using System.Text;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;

namespace MonkeyCoder.Isolation.Tests.Sandboxes;

/// <summary>What a command inside said.</summary>
public sealed record CommandResult(int ExitCode, int Signal, string Output, string Error);

/// <summary>Runs commands inside.</summary>
internal static class SandboxCommands
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts a shell command as the user of the sandbox.</summary>
    public static Task<IProcessStream> StartAsync(this ISandbox sandbox, string script) => sandbox.Agent.StartProcessAsync(
        new ProcessStartRequest("/bin/sh", ["-c", script], new Dictionary<string, string>(), null, null, null, Stdin: false, Pty: null), Token);

    /// <summary>Runs a shell command as the user of the sandbox to its end.</summary>
    public static async Task<CommandResult> RunAsync(this ISandbox sandbox, string script)
    {
        await using var process = await sandbox.StartAsync(script);
        var (output, error) = (new StringBuilder(), new StringBuilder());
        var exit = new ProcessExit(-1, 0);
        await foreach (var piece in process.ReadAllAsync(Token))
        {
            if (piece is ProcessExit last) exit = last;
            else if (piece is ProcessChunk chunk)
                (chunk.Channel == OutputChannel.Stderr ? error : output).Append(Encoding.UTF8.GetString(chunk.Bytes.Span));
        }

        return new CommandResult(exit.ExitCode, exit.Signal, output.ToString(), error.ToString());
    }
}
