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
}
