using System.CommandLine;
using MonkeyCoder.Cli.Connection;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey pause SANDBOX...</c>.</summary>
internal static class PauseCommand
{
    public static Command Create(CliContext context)
    {
        var sandboxes = CommonOptions.Sandboxes();
        var command = new Command("pause", "Stop sandboxes where they are, until 'monkey resume'; prints the id of each that ran.") { sandboxes };
        command.SetAction((parsed, cancellationToken) => PauseAsync(context, parsed.GetRequiredValue(sandboxes), cancellationToken));
        return command;
    }

    private static async Task<int> PauseAsync(CliContext context, string[] ids, CancellationToken cancellationToken)
    {
        using var client = await ServiceConnection.OpenAsync(context, cancellationToken);
        foreach (var id in ids)
            if (await client.PauseAsync(id, cancellationToken)) await context.Out.WriteLineAsync(id);
        return ExitCodes.Ok;
    }
}
