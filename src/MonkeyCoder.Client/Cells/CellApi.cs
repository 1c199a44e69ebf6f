using System.Runtime.CompilerServices;
using System.Text.Json;
using MonkeyCoder.Client.Transport;
using MonkeyCoder.Client.Wire;
using MonkeyCoder.Contracts.Executions;

namespace MonkeyCoder.Client.Cells;

/// <summary>The code interpreter of one sandbox.</summary>
internal sealed class CellApi(SandboxAccess access)
{
    public async IAsyncEnumerable<CellEvent> StreamAsync(
        string code, CellOptions options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var deadline = new LinkedDeadline(options.Timeout, access.Transport.Options.TimeProvider, cancellationToken);
        var body = new CellWire(code, options.ContextId, options.Language, options.Environment);
        using var response = await OpenAsync(body, deadline, cancellationToken).ConfigureAwait(false);
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            using var lines = new LineReader(stream);
            var ended = false;
            while (await ReadAsync(lines, deadline, cancellationToken).ConfigureAwait(false))
            {
                if (lines.Line.IsEmpty) continue;
                var cellEvent = Parse(lines.Line.Span, out var end);
                ended |= end;
                if (cellEvent is not null) yield return cellEvent;
            }

            if (!ended)
                throw await access.ExplainBreakAsync(new IOException("it ended before the cell did."), cancellationToken).ConfigureAwait(false);
        }
    }

    public async Task<ExecutionResult> RunAsync(string code, CellOptions options, CancellationToken cancellationToken)
    {
        List<CellResultData> results = [];
        List<string> stdout = [], stderr = [];
        ExecutionError? error = null;
        var count = 0;
        await foreach (var cellEvent in StreamAsync(code, options, cancellationToken).ConfigureAwait(false))
            switch (cellEvent)
            {
                case CellStarted started:
                    count = started.ExecutionCount;
                    break;
                case CellStdout text:
                    stdout.Add(text.Text);
                    options.OnStdout?.Invoke(text.Text);
                    break;
                case CellStderr text:
                    stderr.Add(text.Text);
                    options.OnStderr?.Invoke(text.Text);
                    break;
                case CellResult result:
                    results.Add(result.Data);
                    options.OnResult?.Invoke(result.Data);
                    break;
                case CellError raised:
                    error ??= raised.Error;
                    break;
            }

        return new ExecutionResult(results, new ExecutionLogs(stdout, stderr), error, count);
    }

    public Task<CodeContext> CreateContextAsync(string language, string? workingDirectory, CancellationToken cancellationToken) =>
        access.Transport.SendAsync(
            () =>
            {
                var request = access.Request(HttpMethod.Post, SandboxAccess.CodePort, "contexts");
                request.Content = ApiTransport.Json(new CreateContextWire(language, workingDirectory), SnakeJson.Default.CreateContextWire);
                return request;
            },
            SnakeJson.Default.CodeContext, cancellationToken);

    public Task<List<CodeContext>> ListContextsAsync(CancellationToken cancellationToken) =>
        access.Transport.SendAsync(
            () => access.Request(HttpMethod.Get, SandboxAccess.CodePort, "contexts"),
            SnakeJson.Default.ListCodeContext, cancellationToken);

    public Task RemoveContextAsync(string contextId, CancellationToken cancellationToken) =>
        access.Transport.SendAsync(
            () => access.Request(HttpMethod.Delete, SandboxAccess.CodePort, "contexts/" + Uri.EscapeDataString(contextId)),
            cancellationToken);

    public Task RestartContextAsync(string contextId, CancellationToken cancellationToken) =>
        access.Transport.SendAsync(
            () => access.Request(HttpMethod.Post, SandboxAccess.CodePort, $"contexts/{Uri.EscapeDataString(contextId)}/restart"),
            cancellationToken);

    private async Task<HttpResponseMessage> OpenAsync(
        CellWire body, LinkedDeadline deadline, CancellationToken cancellationToken)
    {
        try
        {
            return await access.OpenAsync(
                () =>
                {
                    var request = access.Request(HttpMethod.Post, SandboxAccess.CodePort, "execute");
                    request.Content = ApiTransport.Json(body, SnakeJson.Default.CellWire);
                    return request;
                },
                deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(exception);
        }
    }

    private async ValueTask<bool> ReadAsync(LineReader lines, LinkedDeadline deadline, CancellationToken cancellationToken)
    {
        try
        {
            return await lines.ReadAsync(deadline.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw TimedOut(exception);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw await access.ExplainBreakAsync(exception, cancellationToken).ConfigureAwait(false);
        }
    }

    private static CellEvent? Parse(ReadOnlySpan<byte> line, out bool end)
    {
        try
        {
            var wire = JsonSerializer.Deserialize(line, SnakeJson.Default.CellEventWire) ?? throw new JsonException("null");
            end = wire.Type == "end_of_execution";
            return wire.Type switch
            {
                "number_of_executions" => new CellStarted(wire.ExecutionCount),
                "stdout" => new CellStdout(wire.Text ?? ""),
                "stderr" => new CellStderr(wire.Text ?? ""),
                "error" => new CellError(new ExecutionError(wire.Name ?? "", wire.Value ?? "", wire.Traceback ?? "")),
                "result" => new CellResult(JsonSerializer.Deserialize(line, SnakeJson.Default.CellResultData)!),
                _ => null,
            };
        }
        catch (JsonException exception)
        {
            throw new SandboxApiException(
                ApiErrors.ProtocolError, "The service sent a line that is no event: " + exception.Message, null, exception);
        }
    }

    private static SandboxApiException TimedOut(Exception exception) => new(
        ApiErrors.DeadlineExceeded, "The cell did not end within its timeout; it has been interrupted.", null, exception);
}
