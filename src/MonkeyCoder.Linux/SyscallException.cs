namespace MonkeyCoder.Linux;

/// <summary>A system call failed: which, on what, and with which errno (errno(3)).</summary>
public sealed class SyscallException(string call, int errno, string subject)
    : IOException($"{call} failed on {subject}: {ErrnoName.Describe(errno)}")
{
    /// <summary>Name of the call, e.g. <c>mount</c>.</summary>
    public string Call { get; } = call;

    /// <summary>errno(3) value.</summary>
    public int Errno { get; } = errno;

    /// <summary>Path, name or id the call was about.</summary>
    public string Subject { get; } = subject;
}
