using MonkeyCoder.Linux;

namespace MonkeyCoder.Cli.Terminal;

/// <summary>The terminal on standard input, with every key passed on as it is until this is disposed.</summary>
internal sealed class RawTerminal : IDisposable
{
    private const int StandardInput = 0;
    private readonly TerminalSettings _saved;

    private RawTerminal(TerminalSettings saved) => _saved = saved;

    public static bool IsTerminal => Libc.IsTerminal(StandardInput);

    /// <summary>Characters across and down; 80 by 24 where the terminal does not say.</summary>
    public static (int Columns, int Rows) Size =>
        Libc.GetTerminalSize(StandardInput) is { Columns: > 0, Rows: > 0 } size ? size : (80, 24);

    public static RawTerminal Enter()
    {
        var saved = Libc.GetTerminalSettings(StandardInput);
        Libc.SetTerminalSettings(StandardInput, saved.ToRaw());
        return new RawTerminal(saved);
    }

    public void Dispose() => Libc.SetTerminalSettings(StandardInput, _saved);
}
