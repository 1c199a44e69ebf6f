using System.Text;
using MonkeyCoder.Contracts.E2b;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.E2b.Connect;

namespace MonkeyCoder.Sandbox.E2b.Envd;

/// <summary>The server streams of <c>process.Process</c>: start and connect.</summary>
internal static class ProcessStreams
{
    private static ReadOnlySpan<byte> Keepalive => """{"event":{"keepalive":{}}}"""u8;

    /// <summary>Starts a process. It outlives its client, but not the time that the client gave it.</summary>
    public static async Task StartAsync(
        ConnectCall call, StartProcessRequest request, ConnectStream stream, ProcessDeadlines deadlines)
    {
        var plan = ProcessCalls.Plan(request, call.User);
        await using var process = await call.Sandbox.Agent.StartProcessAsync(plan, call.Cancelled).ConfigureAwait(false);
        try
        {
            await PassOnAsync(call, process, stream).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (call.TimeLeft is not null)
        {
            if (call.DeadlinePassed) await deadlines.KillAsync(call.Sandbox, process.Pid).ConfigureAwait(false);
            else deadlines.Watch(call.Sandbox, process.Pid, call.TimeLeft.Value);
            throw;
        }
    }

    /// <summary>Live output of a process that runs, or the end of one that ended a moment ago.</summary>
    public static async Task ConnectAsync(ConnectCall call, SelectProcessRequest request, ConnectStream stream)
    {
        var selector = ProcessCalls.Select(request.Process);
        await using var process = await call.Sandbox.Agent.ConnectProcessAsync(selector, call.Cancelled).ConfigureAwait(false);
        await PassOnAsync(call, process, stream).ConfigureAwait(false);
    }

    private static async Task PassOnAsync(ConnectCall call, IProcessStream process, ConnectStream stream)
    {
        await stream.WriteRawAsync(Encoding.ASCII.GetBytes($$$$"""{"event":{"start":{"pid":{{{{process.Pid}}}}}}}""")).ConfigureAwait(false);
        await IdlePump.RunAsync(
            process.ReadAllAsync, call.KeepaliveInterval, call.Time, item => WriteAsync(stream, item),
            stream.FlushAsync, () => stream.SendRawAsync(Keepalive), call.Cancelled).ConfigureAwait(false);
    }

    private static ValueTask WriteAsync(ConnectStream stream, ProcessOutput output) => output switch
    {
        ProcessChunk { Channel: OutputChannel.Stdout } chunk =>
            stream.WriteBase64Async("""{"event":{"data":{"stdout":" """u8[..^1], chunk.Bytes.Span, "\"}}}"u8),
        ProcessChunk { Channel: OutputChannel.Stderr } chunk =>
            stream.WriteBase64Async("""{"event":{"data":{"stderr":" """u8[..^1], chunk.Bytes.Span, "\"}}}"u8),
        ProcessChunk chunk =>
            stream.WriteBase64Async("""{"event":{"data":{"pty":" """u8[..^1], chunk.Bytes.Span, "\"}}}"u8),
        ProcessExit exit => stream.WriteRawAsync(Encoding.ASCII.GetBytes(End(exit))),
        _ => ValueTask.CompletedTask,
    };

    private static string End(ProcessExit exit)
    {
        if (exit.Signal > 0)
        {
            var status = "signal: " + SignalNames.Of(exit.Signal);
            return $$$$"""{"event":{"end":{"exitCode":-1,"exited":false,"status":"{{{{status}}}}","error":"{{{{status}}}}"}}}""";
        }

        var error = exit.ExitCode == 0 ? "" : $",\"error\":\"exit status {exit.ExitCode}\"";
        return $$$$"""{"event":{"end":{"exitCode":{{{{exit.ExitCode}}}},"exited":true,"status":"exit status {{{{exit.ExitCode}}}}"{{{{error}}}}}}}""";
    }
}
