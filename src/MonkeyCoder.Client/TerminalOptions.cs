namespace MonkeyCoder.Client;

/// <summary>A terminal to open in a sandbox.</summary>
public sealed record TerminalOptions
{
    /// <summary>Width in characters.</summary>
    /// <value>Default 80.</value>
    public int Columns { get; init; } = 80;

    /// <summary>Height in lines.</summary>
    /// <value>Default 24.</value>
    public int Rows { get; init; } = 24;

    /// <summary>Program and arguments.</summary>
    /// <value>Default an interactive login bash.</value>
    public IReadOnlyList<string> Command { get; init; } = ["/bin/bash", "-i", "-l"];

    /// <summary>Value of <c>TERM</c> in it.</summary>
    /// <value>Default <c>xterm-256color</c>.</value>
    public string TerminalType { get; init; } = "xterm-256color";

    /// <summary>User to run as.</summary>
    /// <value>Default: the sandbox's user.</value>
    public string? User { get; init; }
}
