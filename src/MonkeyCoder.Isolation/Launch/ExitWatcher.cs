using MonkeyCoder.Linux;

namespace MonkeyCoder.Isolation.Launch;

/// <summary>Tells when processes end, by their pidfds, and reaps those that are children of this process.</summary>
internal sealed class ExitWatcher(EventLoop loop)
{
    /// <summary>
    /// Completes when the process has ended, with how it ended; with null where it is not a child of ours, so that
    /// nobody here can know. The pidfd must stay open until then.
    /// </summary>
    public Task<ChildExit?> WaitAsync(FileDescriptor pidfd)
    {
        var ended = new TaskCompletionSource<ChildExit?>(TaskCreationOptions.RunContinuationsAsynchronously);
        loop.Add(pidfd, key =>
        {
            loop.Remove(key);
            try
            {
                ended.TrySetResult(Libc.TryReapPidfd(pidfd));
            }
            catch (Exception e) when (e is SyscallException or ObjectDisposedException)
            {
                ended.TrySetException(e);
            }
        });
        return ended.Task;
    }

    /// <summary>
    /// Completes when all these processes have ended. Those that are children of this process are reaped: orphans of what was
    /// launched here become its children, and nobody else waits for them.
    /// </summary>
    /// <param name="pids">Processes; one that is gone already counts as ended.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task WaitAllAsync(IEnumerable<int> pids, CancellationToken cancellationToken)
    {
        var opened = new List<FileDescriptor>();
        try
        {
            opened.AddRange(pids.Select(TryOpen).OfType<FileDescriptor>());
            await Task.WhenAll(opened.Select(WaitAsync)).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            foreach (var pidfd in opened) pidfd.Dispose();
        }
    }

    private static FileDescriptor? TryOpen(int pid)
    {
        try
        {
            return Libc.OpenPidfd(pid);
        }
        catch (SyscallException e) when (e.Errno == ErrnoName.ESRCH)
        {
            return null;
        }
    }
}
