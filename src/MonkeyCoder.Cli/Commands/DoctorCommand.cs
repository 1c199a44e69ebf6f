using System.CommandLine;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Cli.Output;
using MonkeyCoder.Isolation.Host;
using MonkeyCoder.Isolation.Sandboxes;
using Spectre.Console;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey doctor</c>: what this host can and cannot do.</summary>
internal static class DoctorCommand
{
    public static Command Create(CliContext context)
    {
        var json = CommonOptions.Json();
        var quiet = new Option<bool>("--quiet", "-q") { Description = "Print only what keeps sandboxes from running, one sentence each." };
        var command = new Command("doctor", "Say what this host can and cannot do for sandboxes; exits with 3 where none can run.") { json, quiet };
        command.SetAction((parsed, _) => ReportAsync(context, parsed.GetValue(json), parsed.GetValue(quiet)));
        return command;
    }

    private static async Task<int> ReportAsync(CliContext context, bool json, bool quiet)
    {
        var facts = HostCheck.Run(OptionsOf(context));
        if (quiet)
            foreach (var fact in facts.Where(static fact => fact.Verdict == HostVerdict.Fail))
                await context.Error.WriteLineAsync($"monkey: This host cannot run sandboxes: {fact.Name}: {fact.Value}. {fact.Advice}");
        else if (json)
            await JsonOutput.PrintAsync(context, (IReadOnlyList<FactRow>)[.. facts.Select(static fact =>
                new FactRow(fact.Name, VerdictOf(fact.Verdict), fact.Value, fact.Advice))]);
        else
            PrintTable(context, facts);
        return facts.Any(static fact => fact.Verdict == HostVerdict.Fail) ? ExitCodes.Refused : ExitCodes.Ok;
    }

    private static void PrintTable(CliContext context, IReadOnlyList<HostFact> facts)
    {
        var table = new Table().Border(TableBorder.Simple)
            .AddColumn("CHECK", static column => column.NoWrap()).AddColumn("").AddColumn("FOUND").AddColumn("WHAT TO DO");
        foreach (var fact in facts)
            table.AddRow(new Text(fact.Name), Sign(fact.Verdict), new Text(fact.Value), new Text(fact.Advice));
        context.Tables.Write(table);
        var failures = facts.Count(static fact => fact.Verdict == HostVerdict.Fail);
        var warnings = facts.Count(static fact => fact.Verdict == HostVerdict.Warn);
        context.Tables.WriteLine(failures > 0
            ? $"This host cannot run sandboxes yet: {failures} of the checks above failed."
            : $"This host can run sandboxes{(warnings > 0 ? $"; {warnings} things could be better" : "")}.");
    }

    private static Text Sign(HostVerdict verdict) => verdict switch
    {
        HostVerdict.Ok => new Text("ok", new Style(Color.Green)),
        HostVerdict.Warn => new Text("warn", new Style(Color.Yellow)),
        _ => new Text("FAIL", new Style(Color.Red, decoration: Decoration.Bold)),
    };

    private static string VerdictOf(HostVerdict verdict) => verdict switch
    {
        HostVerdict.Ok => "ok",
        HostVerdict.Warn => "warn",
        _ => "fail",
    };

    private static EngineOptions OptionsOf(CliContext context)
    {
        var options = new EngineOptions { StateDirectory = StateDirectory.Find(context).Path };
        if (Enum.TryParse<IsolationTier>(context.Environment("SANDBOX_TIER"), ignoreCase: true, out var tier)) options.Tier = tier;
        if (context.Environment("MONKEY_CACHE_DIR") is { Length: > 0 } cache) options.CacheDirectory = cache;
        return options;
    }
}
