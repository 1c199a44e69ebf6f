using System.CommandLine;
using MonkeyCoder.Cli.Connection;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey resume SANDBOX...</c>.</summary>
internal static class ResumeCommand
{
    public static Command Create(CliContext context)
    {
        var sandboxes = CommonOptions.Sandboxes();
        var timeout = CommonOptions.Seconds("--timeout", "Life of each from now.", 300);
        var command = new Command("resume", "Let paused sandboxes go on; prints the id of each. One that runs lives at least so long.")
        {
            sandboxes, timeout,
        };
        command.SetAction((parsed, cancellationToken) => ResumeAsync(
            context, parsed.GetRequiredValue(sandboxes), TimeSpan.FromSeconds(parsed.GetValue(timeout)), cancellationToken));
        return command;
    }

    private static async Task<int> ResumeAsync(CliContext context, string[] ids, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var client = await ServiceConnection.OpenAsync(context, cancellationToken);
        foreach (var id in ids)
        {
            await client.ConnectAsync(id, timeout, cancellationToken);
            await context.Out.WriteLineAsync(id);
        }

        return ExitCodes.Ok;
    }
}
