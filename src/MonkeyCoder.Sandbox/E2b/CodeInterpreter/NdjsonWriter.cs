using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Executions;

namespace MonkeyCoder.Sandbox.E2b.CodeInterpreter;

/// <summary>
/// The answer of <c>/execute</c>: one JSON object a line. Lines that follow each other at once are sent together. Everything
/// but ASCII is escaped, because clients decode each piece of the network by itself.
/// </summary>
internal sealed class NdjsonWriter(HttpContext context) : IDisposable
{
    /// <summary>Lines of so many bytes together are sent without waiting for the next.</summary>
    private const int MaxHeldBytes = 32 * 1024;

    private static readonly JsonWriterOptions Options = new() { SkipValidation = true };

    private readonly PipeWriter _pipe = context.Response.BodyWriter;
    private readonly Utf8JsonWriter _json = new(context.Response.BodyWriter, Options);

    /// <summary>Sends the headers now: clients wait for them with a shorter patience than for the cell.</summary>
    public async Task BeginAsync()
    {
        context.Response.StatusCode = StatusCodes.Status200OK;
        context.Response.ContentType = "application/x-ndjson";
        if (context.Features.Get<IHttpMinResponseDataRateFeature>() is { } rate) rate.MinDataRate = null;
        await context.Response.StartAsync(context.RequestAborted).ConfigureAwait(false);
        await _pipe.FlushAsync(context.RequestAborted).ConfigureAwait(false);
    }

    public ValueTask WriteCountAsync(int executionCount)
    {
        Open("number_of_executions"u8);
        _json.WriteNumber("execution_count"u8, executionCount);
        return CloseAsync();
    }

    public ValueTask WriteTextAsync(CellText text)
    {
        Open(text.Channel == OutputChannel.Stderr ? "stderr"u8 : "stdout"u8);
        _json.WriteString("text"u8, text.Text);
        _json.WriteString("timestamp"u8, text.Timestamp);
        return CloseAsync();
    }

    /// <summary>False, and nothing written, where it is not a result as the drivers' protocol has it.</summary>
    public async ValueTask<bool> WriteResultAsync(CellResult result)
    {
        if (!ResultFields.TryRead(result.Json.Span, out var fields)) return false;
        Open("result"u8);
        foreach (var (name, range) in fields)
        {
            _json.WritePropertyName(name);
            ResultFields.Copy(result.Json.Span[range], _json);
        }

        await CloseAsync().ConfigureAwait(false);
        return true;
    }

    public ValueTask WriteErrorAsync(CellError error)
    {
        Open("error"u8);
        _json.WriteString("name"u8, error.Name);
        _json.WriteString("value"u8, error.Value);
        _json.WriteString("traceback"u8, error.Traceback);
        return CloseAsync();
    }

    /// <summary>Says what is missing, where a client without the notion sees it, and for one that has it.</summary>
    public async ValueTask WriteCutAsync(CellCut cut, DateTimeOffset now)
    {
        Open("cut"u8);
        _json.WriteString("stream"u8, cut.Stream);
        _json.WriteString("reason"u8, cut.Reason);
        _json.WriteNumber("offset"u8, cut.OffsetBytes);
        _json.WriteNumber("bytes"u8, cut.Bytes);
        await CloseAsync().ConfigureAwait(false);
        var notice = $"[{cut.Stream} was cut at byte {cut.OffsetBytes}: {cut.Bytes} bytes are missing ({cut.Reason})]\n";
        await WriteTextAsync(new CellText(OutputChannel.Stderr, notice, now)).ConfigureAwait(false);
    }

    public async ValueTask WriteKeepaliveAsync()
    {
        Open("keepalive"u8);
        await CloseAsync().ConfigureAwait(false);
        await FlushAsync().ConfigureAwait(false);
    }

    public ValueTask WriteEndAsync()
    {
        Open("end_of_execution"u8);
        return CloseAsync();
    }

    /// <summary>Sends what has been written. What has not is sent with the end of the answer at the latest.</summary>
    public async ValueTask FlushAsync()
    {
        var result = await _pipe.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        if (result.IsCompleted) throw new OperationCanceledException("The client is gone.");
    }

    public void Dispose() => _json.Dispose();

    private void Open(ReadOnlySpan<byte> type)
    {
        _json.WriteStartObject();
        _json.WriteString("type"u8, type);
    }

    private ValueTask CloseAsync()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
        EndLine();
        return _pipe.UnflushedBytes < MaxHeldBytes ? ValueTask.CompletedTask : FlushAsync();
    }

    private void EndLine()
    {
        _pipe.GetSpan(1)[0] = (byte)'\n';
        _pipe.Advance(1);
    }
}
