using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Executions;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.CodeInterpreter;

/// <summary>Runs one cell for <c>/execute</c> and writes its events as they come.</summary>
internal sealed class CellStreams(ICellRunner runner, TimeProvider time)
{
    private static readonly TimeSpan KeepaliveInterval = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Returns at the end of the cell, or when the client is gone, which interrupts it. A client that is cut off because the sandbox is
    /// paused has not given its cell up: one that has begun goes on with the sandbox, and nobody listens to it.
    /// </summary>
    public async Task RunAsync(HttpContext context, LiveSandbox sandbox, CellRequest request)
    {
        using var writer = new NdjsonWriter(context);
        using var client = new CellClient(context, sandbox);
        try
        {
            await writer.BeginAsync().ConfigureAwait(false);
            var failed = false;
            await IdlePump.RunAsync(
                token => runner.RunAsync(sandbox, request, token), KeepaliveInterval, time,
                item => client.TellAsync(async () => failed = await WriteAsync(writer, item, failed).ConfigureAwait(false)),
                () => client.KeepAsync(writer.FlushAsync), () => client.KeepAsync(writer.WriteKeepaliveAsync), client.Left).ConfigureAwait(false);
        }
        catch (Exception e) when (e is KernelStartException or AgentException)
        {
            await EndAsync(writer, new CellError("KernelStartError", e.Message, "")).ConfigureAwait(false);
        }
        catch (AgentUnreachableException)
        {
            await SandboxLoss.AbortAsync(context, sandbox).ConfigureAwait(false);
            if (context.RequestAborted.IsCancellationRequested) return;
            await EndAsync(writer, new CellError("UnexpectedEndOfExecution", "The sandbox did not answer.", "")).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client is gone, or the sandbox is and its clients have been cut off.
            context.Abort();
        }
    }

    /// <summary>Writes one event; answers whether the client has seen an error.</summary>
    private async Task<bool> WriteAsync(NdjsonWriter writer, CellEvent item, bool failed)
    {
        switch (item)
        {
            case CellStarted started:
                await writer.WriteCountAsync(started.ExecutionCount).ConfigureAwait(false);
                return failed;
            case CellText text:
                await writer.WriteTextAsync(text).ConfigureAwait(false);
                return failed;
            case CellResult result:
                if (!await writer.WriteResultAsync(result).ConfigureAwait(false))
                    await writer.WriteCutAsync(new CellCut("result", "not_json", 0, result.Json.Length), time.GetUtcNow()).ConfigureAwait(false);
                return failed;
            case CellError error:
                if (!failed) await writer.WriteErrorAsync(error).ConfigureAwait(false);
                return true;
            case CellCut cut:
                await writer.WriteCutAsync(cut, time.GetUtcNow()).ConfigureAwait(false);
                return failed;
            case CellEnded ended:
                if (!failed && Explain(ended) is { } explanation) await writer.WriteErrorAsync(explanation).ConfigureAwait(false);
                await writer.WriteEndAsync().ConfigureAwait(false);
                return true;
            default:
                return failed;
        }
    }

    /// <summary>null where a cell ended by itself.</summary>
    private static CellError? Explain(CellEnded ended) => ended.Status switch
    {
        CellStatus.Timeout => new CellError("TimeoutError", "The cell ran out of time and was interrupted.", ""),
        CellStatus.Killed => new CellError("UnexpectedEndOfExecution", $"The kernel was killed: {ended.Reason ?? "unknown reason"}.", ""),
        CellStatus.Cancelled => new CellError("KeyboardInterrupt", "The cell was interrupted.", ""),
        _ => null,
    };

    private static async Task EndAsync(NdjsonWriter writer, CellError error)
    {
        try
        {
            await writer.WriteErrorAsync(error).ConfigureAwait(false);
            await writer.WriteEndAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The client left just now.
        }
    }
}
