using System.CommandLine;
using System.Globalization;
using MonkeyCoder.Cli.Output;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Isolation.Templates;
using Spectre.Console;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey templates build|list</c>: root filesystems that sandboxes of this node are made from.</summary>
internal static class TemplatesCommand
{
    private const long MebiByte = 1024 * 1024;

    public static Command Create(CliContext context) => new("templates", "Templates of this node.")
    {
        CreateBuild(context),
        CreateList(context),
    };

    private static Command CreateBuild(CliContext context)
    {
        var names = new Argument<string[]>("NAME") { Description = "Templates to build; all where none is named.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("build", "Build templates; does nothing where they are as their recipes say.") { names };
        command.SetAction((parsed, cancellationToken) => GuardAsync(async () =>
        {
            var catalog = TemplateCatalog.Open(SettingsOf(context));
            foreach (var name in parsed.GetValue(names) is { Length: > 0 } named ? named : [.. catalog.Names])
                await BuildAsync(context, catalog, name, cancellationToken);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static Command CreateList(CliContext context)
    {
        var json = CommonOptions.Json();
        var command = new Command("list", "List templates: those that can be built, and what is built.") { json };
        command.SetAction((parsed, _) => GuardAsync(async () =>
        {
            var rows = RowsOf(TemplateCatalog.Open(SettingsOf(context)));
            if (parsed.GetValue(json)) await JsonOutput.PrintAsync(context, rows);
            else PrintTable(context, rows);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static async Task BuildAsync(CliContext context, TemplateCatalog catalog, string name, CancellationToken cancellationToken)
    {
        if (catalog.TryGetBuilt(name) is { } ready)
        {
            await ReportAsync(context, ready);
            return;
        }

        var builder = new TemplateBuilder(catalog);
        if (!context.Progress.Profile.Capabilities.Interactive)
        {
            await ReportAsync(context, await builder.BuildAsync(name, new ProgressLines(context.Error, name), cancellationToken));
            return;
        }

        var template = await context.Progress.Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .StartAsync(async display =>
            {
                var task = display.AddTask(Markup.Escape($"template {name}"));
                return await builder.BuildAsync(name, new ProgressBarLink(task, name), cancellationToken);
            });
        await ReportAsync(context, template);
    }

    private static Task ReportAsync(CliContext context, Template template) => context.Error.WriteLineAsync(
        $"monkey: template {template.Name} {template.Version} is ready ({template.SizeBytes / MebiByte} MiB)");

    private static IReadOnlyList<TemplateRow> RowsOf(TemplateCatalog catalog)
    {
        var current = catalog.Names.Select(name =>
            new TemplateRow(name, catalog.GetRecipe(name).Version, catalog.TryGetBuilt(name)?.SizeBytes, Current: true)).ToList();
        var older = catalog.ListBuilt()
            .Where(built => !current.Any(row => row.Name == built.Name && row.Version == built.Version))
            .Select(static built => new TemplateRow(built.Name, built.Version, built.SizeBytes, Current: false));
        return [.. current.Concat(older)];
    }

    private static void PrintTable(CliContext context, IReadOnlyList<TemplateRow> rows)
    {
        var table = new Table().Border(TableBorder.Simple).AddColumns("NAME", "VERSION", "SIZE", "STATE");
        foreach (var row in rows)
            table.AddRow(
                Markup.Escape(row.Name), row.Version,
                row.SizeBytes is { } size ? string.Create(CultureInfo.InvariantCulture, $"{size / MebiByte} MiB") : "",
                row.SizeBytes is null ? "not built" : row.Current ? "ready" : "older");
        context.Tables.Write(table);
    }

    private static TemplateSettings SettingsOf(CliContext context) =>
        context.Environment("MONKEY_CACHE_DIR") is { Length: > 0 } cache ? new TemplateSettings { CacheDirectory = cache } : new TemplateSettings();

    private static async Task<int> GuardAsync(Func<Task<int>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception exception) when (exception is TemplateBuildException or HostNotReadyException)
        {
            throw new CliException(exception.Message, ExitCodes.Refused, exception);
        }
        catch (UnknownTemplateException exception)
        {
            throw new CliException(exception.Message, ExitCodes.Usage, exception);
        }
    }
}
