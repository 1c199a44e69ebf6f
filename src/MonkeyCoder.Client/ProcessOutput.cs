namespace MonkeyCoder.Client;

/// <summary>Where a piece of output came from.</summary>
public enum OutputStream
{
    /// <summary>Standard output.</summary>
    Stdout,

    /// <summary>Standard error.</summary>
    Stderr,

    /// <summary>A terminal, where both are one.</summary>
    Terminal,
}

/// <summary>What a process yields: any number of <see cref="ProcessChunk"/>, then one <see cref="ProcessExit"/>.</summary>
public abstract record ProcessOutput;

/// <summary>Bytes as the process wrote them; order holds within one stream.</summary>
/// <param name="Stream">Where they came from.</param>
/// <param name="Bytes">The bytes; yours to keep.</param>
public sealed record ProcessChunk(OutputStream Stream, ReadOnlyMemory<byte> Bytes) : ProcessOutput;

/// <summary>The end of the process.</summary>
/// <param name="ExitCode">Its exit code; -1 where a signal ended it.</param>
/// <param name="Error">Why it did not end with 0, e.g. <c>exit status 2</c> or <c>signal: killed</c>; else null.</param>
public sealed record ProcessExit(int ExitCode, string? Error) : ProcessOutput;

/// <summary>A command that is over. An exit code other than 0 is not an exception.</summary>
/// <param name="ExitCode">Its exit code; -1 where a signal ended it.</param>
/// <param name="Stdout">Standard output as UTF-8 text.</param>
/// <param name="Stderr">Standard error as UTF-8 text.</param>
/// <param name="Error">Why it did not end with 0; else null.</param>
public sealed record CommandResult(int ExitCode, string Stdout, string Stderr, string? Error);

/// <summary>A process that the service started and that still runs.</summary>
/// <param name="Pid">Pid inside the sandbox.</param>
/// <param name="Command">Program and arguments.</param>
/// <param name="WorkingDirectory">Where it was started; null for the home.</param>
public sealed record ProcessInfo(int Pid, IReadOnlyList<string> Command, string? WorkingDirectory);
