using System.CommandLine;
using MonkeyCoder.Cli.Commands;
using MonkeyCoder.Client;

namespace MonkeyCoder.Cli;

/// <summary>The command line: its tree, and how failures become sentences and exit codes.</summary>
internal static class MonkeyCli
{
    public static RootCommand Create(CliContext context) => new("Sandboxes for code, from the command line.")
    {
        RunCommand.Create(context),
        ShellCommand.Create(context),
        PsCommand.Create(context),
        LogsCommand.Create(context),
        PauseCommand.Create(context),
        ResumeCommand.Create(context),
        KillCommand.Create(context),
        CpCommand.Create(context),
        TokenCommand.Create(context),
        KeysCommand.Create(context),
        SecretCommand.Create(context),
        DoctorCommand.Create(context),
        TemplatesCommand.Create(context),
    };

    public static async Task<int> RunAsync(string[] args, CliContext context, CancellationToken cancellationToken)
    {
        var parsed = Create(context).Parse(args);
        try
        {
            var exitCode = await parsed.InvokeAsync(
                new InvocationConfiguration { Output = context.Out, Error = context.Error, EnableDefaultExceptionHandler = false },
                cancellationToken);
            return parsed.Errors.Count > 0 ? ExitCodes.Usage : exitCode;
        }
        catch (CliException exception)
        {
            await context.Error.WriteLineAsync("monkey: " + exception.Message);
            return exception.ExitCode;
        }
        catch (SandboxApiException exception)
        {
            await context.Error.WriteLineAsync($"monkey: {exception.Message} [{exception.Code}]");
            if (exception.Code == "unreachable")
                await context.Error.WriteLineAsync("monkey: Start the service with ./run, or say where it is with MONKEY_URL.");
            return ExitCodes.Refused;
        }
        catch (OperationCanceledException)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await context.Error.WriteLineAsync("monkey: " + exception.Message);
            return ExitCodes.Refused;
        }
    }
}
