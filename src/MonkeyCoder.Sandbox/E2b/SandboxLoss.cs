using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b;

/// <summary>
/// What a client sees when its sandbox is lost: its connection breaks off, and the next request is answered with 502. A
/// connection must not break before that answer is certain, because clients ask at once to tell a lost sandbox from a
/// lost connection.
/// </summary>
internal static class SandboxLoss
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>
    /// The agent is gone. Waits for the registry to notice too, and breaks the connection; where it does not notice,
    /// the sandbox lives and the request has failed in an ordinary way.
    /// </summary>
    public static async Task AbortAsync(HttpContext context, LiveSandbox sandbox)
    {
        if (!sandbox.Stopping.IsCancellationRequested)
        {
            var stopping = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = sandbox.Stopping.Register(stopping.SetResult).ConfigureAwait(false);
            await Task.WhenAny(stopping.Task, Task.Delay(Patience, CancellationToken.None)).ConfigureAwait(false);
        }

        if (sandbox.Stopping.IsCancellationRequested) context.Abort();
    }
}
