using System.Collections.Concurrent;
using MonkeyCoder.Contracts.Agent;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>
/// Kills processes whose time is over. The time belongs to the process and not to the client that asked for it: clients
/// hang up at the same moment, or long before. It stands still while the sandbox is paused.
/// </summary>
internal sealed class ProcessDeadlines(TimeProvider time)
{
    private const int Sigkill = 9;
    private static readonly TimeSpan KillPatience = TimeSpan.FromSeconds(10);

    private readonly ConcurrentDictionary<Task, byte> _watches = new();

    /// <summary>Looks after a process that nobody listens to any more, until its end, its sandbox's end or its deadline.</summary>
    public void Watch(LiveSandbox sandbox, int pid, TimeSpan left)
    {
        if (sandbox.Stopping.IsCancellationRequested) return;
        var watch = WatchAsync(sandbox, pid, left);
        _watches.TryAdd(watch, 0);
        _ = watch.ContinueWith(
            done => _watches.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>Kills it now, or as soon as its sandbox runs.</summary>
    public async Task KillAsync(LiveSandbox sandbox, int pid)
    {
        try
        {
            await sandbox.Runs.RunningAsync(sandbox.Stopping).ConfigureAwait(false);
            using var patience = new CancellationTokenSource(KillPatience, time);
            await sandbox.Agent
                .SendSignalAsync(new ProcessSignalRequest(new ProcessSelector(pid, null), Sigkill), patience.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AgentException or AgentUnreachableException or OperationCanceledException)
        {
            // It ended by itself, or the sandbox does: either way nothing is left to kill.
        }
    }

    private async Task WatchAsync(LiveSandbox sandbox, int pid, TimeSpan left)
    {
        using var deadline = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, sandbox.Runs.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, sandbox.Stopping);
        try
        {
            while (!await WatchRunAsync(sandbox, pid, either.Token).ConfigureAwait(false))
            {
            }
        }
        catch (OperationCanceledException)
        {
            if (!sandbox.Stopping.IsCancellationRequested) await KillAsync(sandbox, pid).ConfigureAwait(false);
        }
        catch (Exception e) when (e is AgentException or AgentUnreachableException)
        {
            // It has ended.
        }
    }

    /// <summary>Waits for its end; false where the sandbox was paused before.</summary>
    private static async Task<bool> WatchRunAsync(LiveSandbox sandbox, int pid, CancellationToken cancellationToken)
    {
        var run = await sandbox.Runs.RunningAsync(cancellationToken).ConfigureAwait(false);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(run.Ended, cancellationToken);
        try
        {
            await using var process = await sandbox.Agent
                .ConnectProcessAsync(new ProcessSelector(pid, null), either.Token).ConfigureAwait(false);
            // Its output goes nowhere; its end is what is waited for, so that its pid is never taken for another's.
            await foreach (var _ in process.ReadAllAsync(either.Token).ConfigureAwait(false))
            {
            }

            return true;
        }
        catch (OperationCanceledException) when (run.Ended.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
