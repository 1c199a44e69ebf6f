namespace MonkeyCoder.Contracts.Security;

/// <summary>
/// A file of mode 0600 that is changed by one process at a time (an exclusively opened lock file beside it) and appears at
/// once and whole (a temporary file renamed over it), so that readers need no lock.
/// </summary>
/// <param name="path">The file, in a directory that exists when it is locked.</param>
/// <param name="timeProvider">Clock of waiting for the lock.</param>
internal sealed class PrivateFile(string path, TimeProvider timeProvider)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan LockPatience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LockRetry = TimeSpan.FromMilliseconds(25);

    /// <summary>Replaces the content. The caller holds the lock.</summary>
    public void Replace(Action<Stream> write)
    {
        var temporary = path + ".tmp";
        // What a killed predecessor left may have another owner or mode, which opening it would keep.
        File.Delete(temporary);
        using (var stream = new FileStream(temporary, Options(FileMode.CreateNew, FileAccess.Write)))
        {
            write(stream);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
    }

    /// <summary>Waits until no other process changes the file; disposing the answer lets the next one in.</summary>
    public async Task<IDisposable> LockAsync(CancellationToken cancellationToken)
    {
        // Opening with FileShare.None is flock(2) with LOCK_EX | LOCK_NB in .NET; there is no waiting form, hence the retry.
        var options = Options(FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var started = timeProvider.GetTimestamp();
        while (true)
        {
            try
            {
                return new FileStream(path + ".lock", options);
            }
            catch (IOException exception) when (
                exception is not (FileNotFoundException or DirectoryNotFoundException)
                && timeProvider.GetElapsedTime(started) < LockPatience)
            {
                await Task.Delay(LockRetry, timeProvider, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private static FileStreamOptions Options(FileMode mode, FileAccess access) => new()
    {
        Mode = mode,
        Access = access,
        Share = FileShare.None,
        UnixCreateMode = OwnerOnly,
    };
}
