namespace MonkeyCoder.Client;

/// <summary>One line of a sandbox's log.</summary>
/// <param name="Timestamp">When.</param>
/// <param name="Line">The line, without its newline.</param>
public sealed record SandboxLogLine(DateTimeOffset Timestamp, string Line);
