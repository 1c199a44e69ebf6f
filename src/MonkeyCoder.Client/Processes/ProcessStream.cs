using System.Runtime.CompilerServices;
using System.Text.Json;
using MonkeyCoder.Client.Transport;
using MonkeyCoder.Client.Wire;

namespace MonkeyCoder.Client.Processes;

/// <summary>The open answer of Start or Connect: the pid, then output, then the exit.</summary>
internal sealed class ProcessStream : IAsyncDisposable
{
    private readonly SandboxAccess _access;
    private readonly HttpResponseMessage _response;
    private readonly Stream _stream;
    private readonly ConnectFrameReader _frames;

    private ProcessStream(SandboxAccess access, HttpResponseMessage response, Stream stream)
    {
        (_access, _response, _stream) = (access, response, stream);
        _frames = new ConnectFrameReader(stream);
    }

    public int Pid { get; private set; }

    /// <summary>Waits for the first event. Takes over the response, also where it throws.</summary>
    public static async Task<ProcessStream> OpenAsync(
        SandboxAccess access, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ProcessStream? opened = null;
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            opened = new ProcessStream(access, response, stream);
            if (await opened.NextAsync(cancellationToken).ConfigureAwait(false) is not { Start: { } start })
                throw new SandboxApiException(ApiErrors.ProtocolError, "The service's first event was not the start of the process.");
            opened.Pid = start.Pid;
            return opened;
        }
        catch
        {
            if (opened is not null) await opened.DisposeAsync().ConfigureAwait(false);
            response.Dispose();
            throw;
        }
    }

    public async IAsyncEnumerable<ProcessOutput> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var exited = false;
        while (await NextAsync(cancellationToken).ConfigureAwait(false) is { } next)
        {
            if (next.Data is { } data)
            {
                if (data.Stdout is { } stdout) yield return new ProcessChunk(OutputStream.Stdout, stdout);
                if (data.Stderr is { } stderr) yield return new ProcessChunk(OutputStream.Stderr, stderr);
                if (data.Pty is { } pty) yield return new ProcessChunk(OutputStream.Terminal, pty);
            }
            else if (next.End is { } end)
            {
                exited = true;
                yield return new ProcessExit(end.ExitCode, end.Error);
            }
        }

        if (!exited) throw new SandboxApiException(ApiErrors.ProtocolError, "The stream ended without the end of the process.");
    }

    public async ValueTask DisposeAsync()
    {
        // The stream first: it may still write into the reader's buffer.
        await _stream.DisposeAsync().ConfigureAwait(false);
        _response.Dispose();
        _frames.Dispose();
    }

    /// <summary>The next event; null after the last. A keepalive is an event with nothing in it.</summary>
    private async ValueTask<ProcessEventWire?> NextAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await _frames.ReadAsync(cancellationToken).ConfigureAwait(false))
                throw new IOException("it ended without an end frame.");
            if (_frames.IsEnd) return EndOf(_frames.Payload.Span);
            return JsonSerializer.Deserialize(_frames.Payload.Span, WireJson.Default.ProcessMessageWire)?.Event ?? new ProcessEventWire();
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException && !cancellationToken.IsCancellationRequested)
        {
            throw await _access.ExplainBreakAsync(exception, cancellationToken).ConfigureAwait(false);
        }
        catch (JsonException exception)
        {
            throw new SandboxApiException(
                ApiErrors.ProtocolError, "The service sent a frame that is no event: " + exception.Message, null, exception);
        }
    }

    private static ProcessEventWire? EndOf(ReadOnlySpan<byte> payload) =>
        JsonSerializer.Deserialize(payload, WireJson.Default.EndOfStreamWire)?.Error is { } error
            ? throw new SandboxApiException(error.Code ?? "unknown", error.Message ?? "The service ended the stream with an error.")
            : null;
}
