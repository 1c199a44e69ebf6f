using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.Executions;

/// <summary>One cell to run.</summary>
/// <param name="Context">Where.</param>
/// <param name="Code">What.</param>
/// <param name="Environment">Set for this cell only.</param>
/// <param name="Timeout">Interrupted after it; null: no limit but the caller's.</param>
internal sealed record CellRequest(
    KernelContext Context, string Code, IReadOnlyDictionary<string, string> Environment, TimeSpan? Timeout);

/// <summary>Runs cells; every API (E2B, original, MCP) goes through this one.</summary>
internal interface ICellRunner
{
    /// <summary>
    /// Opens the kernel where it is not alive, runs the cell, and yields its events. Cancelling interrupts the cell.
    /// Slow enumeration slows the cell down.
    /// </summary>
    IAsyncEnumerable<CellEvent> RunAsync(LiveSandbox sandbox, CellRequest request, CancellationToken cancellationToken);

    /// <summary>Ends the context's kernel, with a running cell, and opens a new one under the same id.</summary>
    Task RestartAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken);

    /// <summary>Ends the context's kernel; the context itself is the caller's to remove.</summary>
    Task CloseAsync(LiveSandbox sandbox, KernelContext context, CancellationToken cancellationToken);
}
