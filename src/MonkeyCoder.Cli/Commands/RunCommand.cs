using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using MonkeyCoder.Cli.Connection;
using MonkeyCoder.Cli.Output;
using MonkeyCoder.Client;

namespace MonkeyCoder.Cli.Commands;

/// <summary><c>monkey run FILE|-</c>: one cell in a fresh sandbox.</summary>
internal sealed class RunCommand(CliContext context)
{
    private static readonly Dictionary<string, string> Languages = new(StringComparer.OrdinalIgnoreCase)
    {
        [".py"] = "python",
        [".js"] = "javascript",
        [".mjs"] = "javascript",
        [".ts"] = "typescript",
        [".sh"] = "bash",
        [".bash"] = "bash",
    };

    public static Command Create(CliContext context)
    {
        var file = new Argument<string>("FILE") { Description = "Program to run, or - for standard input." };
        var language = new Option<string?>("--language", "-l") { Description = "Language; by default from the file's name.", HelpName = "LANGUAGE" };
        var outputDirectory = new Option<DirectoryInfo?>("--output-dir", "-o") { Description = "Save pictures and documents here.", HelpName = "DIR" };
        var sandbox = new Option<string?>("--sandbox", "-s") { Description = "Run in this sandbox instead of a fresh one.", HelpName = "SANDBOX" };
        var template = CommonOptions.Template();
        var timeout = CommonOptions.Seconds("--timeout", "Interrupt the program after it.", 300);
        var keep = new Option<bool>("--keep") { Description = "Keep the sandbox and print its id to standard error." };
        var timings = new Option<bool>("--timings") { Description = "Print how long each step took to standard error." };
        var command = new Command("run", "Run a program in a fresh sandbox and show what it gives.")
        {
            file, language, outputDirectory, sandbox, template, timeout, keep, timings,
        };
        command.SetAction((parsed, cancellationToken) => new RunCommand(context).RunAsync(
            new Request(
                parsed.GetRequiredValue(file), parsed.GetValue(language), parsed.GetValue(outputDirectory),
                parsed.GetValue(sandbox), parsed.GetRequiredValue(template), TimeSpan.FromSeconds(parsed.GetValue(timeout)),
                parsed.GetValue(keep), parsed.GetValue(timings)),
            cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(Request request, CancellationToken cancellationToken)
    {
        var language = LanguageOf(request);
        var code = await ReadAsync(request.File, cancellationToken);
        using var client = await ServiceConnection.OpenAsync(context, cancellationToken);
        var clock = Stopwatch.StartNew();
        var sandbox = request.Sandbox is { } id
            ? await client.ConnectAsync(id, request.Timeout, cancellationToken)
            : await client.CreateAsync(
                new SandboxCreateOptions { Template = request.Template, Timeout = request.Timeout + TimeSpan.FromMinutes(1) },
                cancellationToken);
        var created = clock.Elapsed;
        bool fine;
        try
        {
            fine = await RunCellAsync(sandbox, code, language, request, cancellationToken);
        }
        finally
        {
            if (request.Keep) await context.Error.WriteLineAsync($"monkey: sandbox {sandbox.Id} lives on");
            else await sandbox.DisposeAsync();
        }

        if (request.Timings) await PrintTimingsAsync(created, _ran, clock.Elapsed - created - _ran);
        return fine ? ExitCodes.Ok : ExitCodes.Failed;
    }

    private TimeSpan _ran;

    private async Task<bool> RunCellAsync(
        RemoteSandbox sandbox, string code, string language, Request request, CancellationToken cancellationToken)
    {
        var clock = Stopwatch.StartNew();
        var printer = new CellPrinter(context, request.OutputDirectory);
        var fine = true;
        await foreach (var cellEvent in sandbox.StreamCellAsync(
            code, new CellOptions { Language = language, Timeout = request.Timeout }, cancellationToken))
            fine &= await printer.PrintAsync(cellEvent, cancellationToken);
        _ran = clock.Elapsed;
        return fine;
    }

    private async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        if (file != "-")
            return File.Exists(file)
                ? await File.ReadAllTextAsync(file, cancellationToken)
                : throw new CliException($"There is no file '{file}'.", ExitCodes.Usage);
        using var reader = new StreamReader(context.OpenInput());
        return await reader.ReadToEndAsync(cancellationToken);
    }

    private static string LanguageOf(Request request)
    {
        if (request.Language is { Length: > 0 } language) return language;
        if (request.File == "-") return "python";
        return Languages.TryGetValue(Path.GetExtension(request.File), out var found)
            ? found
            : throw new CliException(
                $"The name '{request.File}' does not say the language; add --language python, javascript, typescript or bash.",
                ExitCodes.Usage);
    }

    private Task PrintTimingsAsync(TimeSpan created, TimeSpan ran, TimeSpan removed) => context.Error.WriteLineAsync(string.Create(
        CultureInfo.InvariantCulture,
        $"monkey: sandbox ready in {created.TotalMilliseconds:F0} ms, cell in {ran.TotalMilliseconds:F0} ms, removed in {removed.TotalMilliseconds:F0} ms"));

    private sealed record Request(
        string File, string? Language, DirectoryInfo? OutputDirectory, string? Sandbox, string Template, TimeSpan Timeout,
        bool Keep, bool Timings);
}
