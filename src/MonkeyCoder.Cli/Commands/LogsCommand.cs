using System.CommandLine;
using System.Globalization;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Cli.Output;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey logs SANDBOX</c>: what the service noted about a sandbox.</summary>
internal static class LogsCommand
{
    public static Command Create(CliContext context)
    {
        var sandbox = CommonOptions.Sandbox();
        var limit = new Option<int>("--limit", "-n") { Description = "At most so many lines.", DefaultValueFactory = static _ => 1000 };
        var json = CommonOptions.Json();
        var command = new Command("logs", "Show the log of a sandbox.") { sandbox, limit, json };
        command.SetAction((parsed, cancellationToken) => ShowAsync(
            context, parsed.GetRequiredValue(sandbox), parsed.GetValue(limit), parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> ShowAsync(
        CliContext context, string sandboxId, int limit, bool json, CancellationToken cancellationToken)
    {
        using var client = await ServiceConnection.OpenAsync(context, cancellationToken);
        var lines = await client.ReadLogsAsync(sandboxId, null, limit, cancellationToken);
        if (json)
        {
            await JsonOutput.PrintAsync(context, (IReadOnlyList<LogRow>)[.. lines.Select(static line => new LogRow(line.Timestamp, line.Line))]);
            return ExitCodes.Ok;
        }

        foreach (var line in lines)
            await context.Out.WriteLineAsync($"{line.Timestamp.ToString("O", CultureInfo.InvariantCulture)} {line.Line}");
        return ExitCodes.Ok;
    }
}
