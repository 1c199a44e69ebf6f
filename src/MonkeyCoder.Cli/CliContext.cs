using Microsoft.Win32.SafeHandles;
using Spectre.Console;

namespace MonkeyCoder.Cli;

/// <summary>What a command touches of its process, so that tests can stand in for it.</summary>
internal sealed class CliContext
{
    // Wide enough that a table in a pipe keeps each row on a line.
    private const int PipedWidth = 200;

    /// <summary>Standard output: results only, so that it can be piped.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Standard error: progress, notes and errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Standard output as bytes.</summary>
    public required Func<Stream> OpenOutput { get; init; }

    /// <summary>Standard input as bytes.</summary>
    public required Func<Stream> OpenInput { get; init; }

    /// <summary>Environment variables.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>Clock.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Tables go to standard output.</summary>
    public required IAnsiConsole Tables { get; init; }

    /// <summary>Progress goes to standard error.</summary>
    public required IAnsiConsole Progress { get; init; }

    public static CliContext OfProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        OpenOutput = Console.OpenStandardOutput,
        // Not the console's own stream: on a terminal that one edits lines, and takes the terminal out of raw mode.
        OpenInput = static () => new FileStream(new SafeFileHandle(0, ownsHandle: false), FileAccess.Read, bufferSize: 0),
        Environment = System.Environment.GetEnvironmentVariable,
        Time = TimeProvider.System,
        Tables = ConsoleOf(Console.Out, Console.IsOutputRedirected),
        Progress = ConsoleOf(Console.Error, Console.IsErrorRedirected),
    };

    private static IAnsiConsole ConsoleOf(TextWriter writer, bool redirected)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(writer),
            Interactive = redirected ? InteractionSupport.No : InteractionSupport.Detect,
        });
        if (redirected) console.Profile.Width = PipedWidth;
        return console;
    }
}
