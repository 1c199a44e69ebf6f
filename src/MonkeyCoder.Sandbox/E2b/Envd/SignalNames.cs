namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>Names of signals as E2B clients know them: those of Go's syscall package, by number of x64 and arm64 Linux.</summary>
internal static class SignalNames
{
    private static readonly string[] Names =
    [
        "", "hangup", "interrupt", "quit", "illegal instruction", "trace/breakpoint trap", "aborted", "bus error",
        "floating point exception", "killed", "user defined signal 1", "segmentation fault", "user defined signal 2",
        "broken pipe", "alarm clock", "terminated", "stack fault", "child exited", "continued", "stopped (signal)",
        "stopped", "stopped (tty input)", "stopped (tty output)", "urgent I/O condition", "CPU time limit exceeded",
        "file size limit exceeded", "virtual timer expired", "profiling timer expired", "window changed", "I/O possible",
        "power failure", "bad system call",
    ];

    /// <summary>e.g. <c>killed</c> for 9.</summary>
    public static string Of(int signal) => signal > 0 && signal < Names.Length ? Names[signal] : $"signal {signal}";
}
