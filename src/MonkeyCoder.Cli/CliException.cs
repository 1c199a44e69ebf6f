namespace MonkeyCoder.Cli;

/// <summary>A command cannot go on; the message is for the person who called it.</summary>
internal sealed class CliException(string message, int exitCode = ExitCodes.Refused, Exception? inner = null)
    : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;

    /// <summary>What was given cannot be used. The name of a parameter of ours is no help to whoever typed it.</summary>
    public static CliException Usage(ArgumentException exception) => new(
        exception.ParamName is { } name ? exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : exception.Message,
        ExitCodes.Usage, exception);
}
