namespace MonkeyCoder.Cli;

/// <summary>A command cannot go on; the message is for the person who called it.</summary>
internal sealed class CliException(string message, int exitCode = ExitCodes.Refused, Exception? inner = null)
    : Exception(message, inner)
{
    public int ExitCode { get; } = exitCode;
}
