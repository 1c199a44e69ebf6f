using System.CommandLine;
using System.Globalization;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Cli.Output;
using MonkeyCoder.Contracts.Security;
using Spectre.Console;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey keys create|list|revoke</c>: API keys of this node, in its state directory.</summary>
internal static class KeysCommand
{
    public static Command Create(CliContext context) => new("keys", "API keys of this node.")
    {
        CreateCreate(context),
        CreateList(context),
        CreateRevoke(context),
    };

    private static Command CreateCreate(CliContext context)
    {
        var name = new Option<string>("--name") { Description = "What the key is for.", Required = true };
        var tenant = new Option<string>("--tenant")
        {
            Description = "Whose sandboxes it may use.",
            HelpName = "TENANT",
            DefaultValueFactory = static _ => SandboxTokens.DefaultTenant,
        };
        var command = new Command("create", "Make a key and print it; it is not shown again.") { name, tenant };
        command.SetAction((parsed, cancellationToken) => GuardAsync(context, async store =>
        {
            var created = await store.CreateAsync(parsed.GetRequiredValue(name), parsed.GetRequiredValue(tenant), cancellationToken);
            await context.Out.WriteLineAsync(created.Key);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command CreateList(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("list", "List keys, revoked ones too; the keys themselves are not kept.") { json };
        command.SetAction((parsed, _) => GuardAsync(context, async store =>
        {
            KeyRow[] rows = [.. store.List().Select(static key => new KeyRow(key.Id, key.Name, key.Tenant, key.Last4, key.CreatedAt, key.RevokedAt))];
            if (parsed.GetValue(json)) await JsonOutput.PrintAsync<KeyRow>(context, rows);
            else PrintTable(context, rows);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command CreateRevoke(CliContext context)
    {
        var key = new Argument<string>("KEY") { Description = "Id of a key, or a name: then every key of that name." };
        var command = new Command("revoke", "Make a key stop to hold, at once.") { key };
        command.SetAction((parsed, cancellationToken) => GuardAsync(context, async store =>
        {
            var revoked = await store.RevokeAsync(parsed.GetRequiredValue(key), cancellationToken);
            if (revoked.Count == 0)
                throw new CliException($"No key that holds has the id or name '{parsed.GetRequiredValue(key)}'.", ExitCodes.Failed);
            foreach (var record in revoked) await context.Out.WriteLineAsync(record.Id);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static async Task<int> GuardAsync(CliContext context, Func<ApiKeyStore, Task<int>> run)
    {
        var state = StateDirectory.Find(context);
        try
        {
            return await run(state.Keys);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new CliException($"Keys are in {state.Path}, which only root may use: run this as root on the node.", ExitCodes.Refused, exception);
        }
        catch (ArgumentException exception)
        {
            throw CliException.Usage(exception);
        }
        catch (InvalidDataException exception)
        {
            throw new CliException(exception.Message, ExitCodes.Refused, exception);
        }
    }

    private static void PrintTable(CliContext context, IEnumerable<KeyRow> rows)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("ID", "NAME", "TENANT", "ENDS WITH", "CREATED", "STATE");
        foreach (var row in rows)
            table.AddRow(
                row.Id, Markup.Escape(row.Name), Markup.Escape(row.Tenant), row.Last4,
                row.CreatedAt.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
                row.RevokedAt is null ? "holds" : "revoked");
        context.Tables.Write(table);
    }
}
