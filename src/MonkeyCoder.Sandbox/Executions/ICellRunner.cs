using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>One cell to run.</summary>
/// <param name="Context">Where.</param>
/// <param name="Code">What.</param>
/// <param name="Environment">Set for this cell only.</param>
/// <param name="Timeout">Interrupted after it, counted from its turn; null: no limit but the caller's.</param>
/// <param name="KernelIsKept">false: nobody will use the kernel afterwards, so a cancelled cell need not be wound down.</param>
/// <param name="IsMeasured">false: nobody asks what it used, so <see cref="CellEnded.Measured"/> is not needed.</param>
internal sealed record CellRequest(
    KernelContext Context, string Code, IReadOnlyDictionary<string, string> Environment, TimeSpan? Timeout,
    bool KernelIsKept = true, bool IsMeasured = true);

/// <summary>Runs cells; every API (E2B, original, MCP) goes through this one.</summary>
internal interface ICellRunner
{
    /// <summary>
    /// Waits for the context's turn, opens the kernel where it is not alive, runs the cell, and yields its events.
    /// Cancelling (or leaving the enumeration) interrupts the cell; a kernel that does not obey within the grace is
    /// killed, and replaced by the next cell. Slow enumeration slows the cell down.
    /// </summary>
    /// <exception cref="KernelStartException">The kernel did not start; nothing ran.</exception>
    IAsyncEnumerable<CellEvent> RunAsync(LiveSandbox sandbox, CellRequest request, CancellationToken cancellationToken);

    /// <summary>Kills the kernel; a cell that runs ends with <see cref="CellStatus.Killed"/>. The next cell gets a new one.</summary>
    Task RestartAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken);

    /// <summary>Kills the kernel of a context that has been removed.</summary>
    Task CloseAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken);
}

/// <summary>A kernel could not be started in a live sandbox; the message may be shown to the caller.</summary>
internal sealed class KernelStartException(string message, Exception? inner = null) : Exception(message, inner);
