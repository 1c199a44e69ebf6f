namespace MonkeyCoder.Linux;

/// <summary>A <c>struct termios</c> as the C library fills it: opaque, to be put back as it was.</summary>
public sealed class TerminalSettings
{
    /// <summary>More than the struct has (60 bytes in glibc on x64 and arm64).</summary>
    internal const int Bytes = 128;

    internal TerminalSettings(byte[] content) => Content = content;

    internal byte[] Content { get; }

    /// <summary>The same with every key passed through and no echo: cfmakeraw(3).</summary>
    public TerminalSettings ToRaw()
    {
        var raw = (byte[])Content.Clone();
        Libc.MakeRaw(raw);
        return new TerminalSettings(raw);
    }
}
