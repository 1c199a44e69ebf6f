using System.CommandLine;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Client;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey kill SANDBOX...|--all</c>.</summary>
internal static class KillCommand
{
    public static Command Create(CliContext context)
    {
        var sandboxes = new Argument<string[]>("SANDBOX") { Description = "Ids of sandboxes.", Arity = ArgumentArity.ZeroOrMore };
        var all = new Option<bool>("--all") { Description = "Every sandbox of yours." };
        var command = new Command("kill", "Kill sandboxes; prints the id of each that was alive.") { sandboxes, all };
        command.Validators.Add(result =>
        {
            var named = result.GetValue(sandboxes) is { Length: > 0 };
            if (named == result.GetValue(all)) result.AddError("Name sandboxes to kill, or say --all.");
        });
        command.SetAction((parsed, cancellationToken) => KillAsync(
            context, parsed.GetValue(sandboxes) ?? [], parsed.GetValue(all), cancellationToken));
        return command;
    }

    private static async Task<int> KillAsync(CliContext context, string[] named, bool all, CancellationToken cancellationToken)
    {
        using var client = await ServiceConnection.OpenAsync(context, cancellationToken);
        var exitCode = ExitCodes.Ok;
        foreach (var id in all ? await AllAsync(client, cancellationToken) : named)
        {
            if (await client.KillAsync(id, cancellationToken))
            {
                await context.Out.WriteLineAsync(id);
                continue;
            }

            if (all) continue; // Ended by itself since it was listed.
            await context.Error.WriteLineAsync($"monkey: There is no sandbox '{id}' of yours.");
            exitCode = ExitCodes.Failed;
        }

        return exitCode;
    }

    private static async Task<string[]> AllAsync(SandboxClient client, CancellationToken cancellationToken)
    {
        List<string> ids = [];
        await foreach (var sandbox in client.ListSandboxesAsync(null, cancellationToken)) ids.Add(sandbox.SandboxId);
        return [.. ids];
    }
}
