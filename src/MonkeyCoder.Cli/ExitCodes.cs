namespace MonkeyCoder.Cli;

/// <summary>What <c>monkey</c> exits with.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;

    /// <summary>The code raised, or some of what was asked for could not be done.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong.</summary>
    public const int Usage = 2;

    /// <summary>The service refused or cannot be reached, or this machine lacks something.</summary>
    public const int Refused = 3;

    /// <summary>Ctrl-C, as shells count it.</summary>
    public const int Interrupted = 130;
}
