using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Templates;

/// <summary>Keeps two processes from building the same thing; gone with the process that holds it.</summary>
internal static class BuildLock
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(250);

    /// <summary>Takes the lock; disposing the result gives it back.</summary>
    /// <param name="file">Lock file; created, and left.</param>
    /// <param name="waiting">Called once if another process has it.</param>
    /// <param name="time">Clock of the retries.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="SyscallException">The file cannot be opened.</exception>
    public static async Task<IDisposable> AcquireAsync(string file, Action waiting, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Libc.TryLockFile(file) is { } free) return free;
        waiting();
        while (true)
        {
            // flock(2) wakes nobody but a thread that is blocked in it and cannot be cancelled.
            await Task.Delay(RetryInterval, time, cancellationToken);
            if (Libc.TryLockFile(file) is { } taken) return taken;
        }
    }
}
