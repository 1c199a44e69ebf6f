using System.CommandLine;
using System.Globalization;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Cli.Output;
using Spectre.Console;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey ps</c>: the tenant's sandboxes.</summary>
internal static class PsCommand
{
    public static Command Create(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("ps", "List your sandboxes, newest first.") { json };
        command.SetAction((parsed, cancellationToken) => ListAsync(context, parsed.GetValue(json), cancellationToken));
        return command;
    }

    private static async Task<int> ListAsync(CliContext context, bool json, CancellationToken cancellationToken)
    {
        using var client = await ServiceConnection.OpenAsync(context, cancellationToken);
        List<SandboxRow> rows = [];
        await foreach (var sandbox in client.ListSandboxesAsync(null, cancellationToken))
            rows.Add(new SandboxRow(
                sandbox.SandboxId, sandbox.Alias ?? sandbox.TemplateId, sandbox.State, sandbox.StartedAt, sandbox.EndAt, sandbox.Metadata));

        if (json)
        {
            await JsonOutput.PrintAsync(context, rows);
            return ExitCodes.Ok;
        }

        var now = context.Time.GetUtcNow();
        var table = new Table().Border(TableBorder.Simple).AddColumns("SANDBOX", "TEMPLATE", "STATE", "AGE", "ENDS IN", "METADATA");
        foreach (var row in rows)
            table.AddRow(
                row.Id, Markup.Escape(row.Template), Markup.Escape(row.State), Span(now - row.StartedAt), row.State == "paused" ? "" : Span(row.EndAt - now),
                Markup.Escape(string.Join(' ', row.Metadata.Select(static pair => $"{pair.Key}={pair.Value}"))));
        context.Tables.Write(table);
        return ExitCodes.Ok;
    }

    private static string Span(TimeSpan span) => span switch
    {
        { TotalSeconds: < 0 } => "0 s",
        { TotalMinutes: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:F0} s"),
        { TotalHours: < 2 } => string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:F0} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{span.TotalHours:F0} h"),
    };
}
