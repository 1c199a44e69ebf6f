using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MonkeyCoder.Client.Transport;
using MonkeyCoder.Client.Wire;

namespace MonkeyCoder.Client.Processes;

/// <summary>Processes of one sandbox, over the Connect protocol.</summary>
internal sealed class ProcessApi(SandboxAccess access)
{
    private const string KeepaliveSeconds = "50";
    private const int FrameHeaderBytes = 5;

    [SuppressMessage("Reliability", "CA2000", Justification = "Owned by the process that is returned.")]
    public async Task<RemoteProcess> StartAsync(
        StartProcessWire start, string? user, TimeSpan timeout, CancellationToken cancellationToken) =>
        new(
            this,
            await OpenAsync(
                "process.Process/Start", start, WireJson.Default.StartProcessWire, user, timeout, cancellationToken)
                .ConfigureAwait(false),
            terminal: start.Pty is not null);

    [SuppressMessage("Reliability", "CA2000", Justification = "Owned by the process that is returned.")]
    public async Task<RemoteProcess> ConnectAsync(int pid, TimeSpan timeout, CancellationToken cancellationToken) =>
        new(
            this,
            await OpenAsync(
                "process.Process/Connect", new ProcessOnlyWire(new ProcessSelectorWire(pid)),
                WireJson.Default.ProcessOnlyWire, null, timeout, cancellationToken).ConfigureAwait(false),
            terminal: false);

    public async Task<IReadOnlyList<ProcessInfo>> ListAsync(CancellationToken cancellationToken)
    {
        var answer = await CallAsync(
            "process.Process/List", new EmptyWire(), WireJson.Default.EmptyWire, WireJson.Default.ProcessListWire,
            cancellationToken).ConfigureAwait(false);
        return [.. (answer.Processes ?? []).Select(static item =>
            new ProcessInfo(item.Pid, [item.Config.Cmd, .. item.Config.Args ?? []], item.Config.Cwd))];
    }

    public Task SendInputAsync(int pid, ProcessInputWire input, CancellationToken cancellationToken) =>
        CallAsync(
            "process.Process/SendInput", new SendInputWire(new ProcessSelectorWire(pid), input),
            WireJson.Default.SendInputWire, WireJson.Default.EmptyWire, cancellationToken);

    public Task CloseInputAsync(int pid, CancellationToken cancellationToken) =>
        CallAsync(
            "process.Process/CloseStdin", new ProcessOnlyWire(new ProcessSelectorWire(pid)),
            WireJson.Default.ProcessOnlyWire, WireJson.Default.EmptyWire, cancellationToken);

    public Task SignalAsync(int pid, string signal, CancellationToken cancellationToken) =>
        CallAsync(
            "process.Process/SendSignal", new SendSignalWire(new ProcessSelectorWire(pid), signal),
            WireJson.Default.SendSignalWire, WireJson.Default.EmptyWire, cancellationToken);

    public Task ResizeAsync(int pid, int columns, int rows, CancellationToken cancellationToken) =>
        CallAsync(
            "process.Process/Update",
            new ResizeWire(new ProcessSelectorWire(pid), new PtyWire(new PtySizeWire(columns, rows))),
            WireJson.Default.ResizeWire, WireJson.Default.EmptyWire, cancellationToken);

    private Task<TAnswer> CallAsync<TRequest, TAnswer>(
        string method, TRequest body, JsonTypeInfo<TRequest> requestType, JsonTypeInfo<TAnswer> answerType,
        CancellationToken cancellationToken) =>
        access.Transport.SendAsync(
            () => access.Rpc(method, ApiTransport.Json(body, requestType), null), answerType, cancellationToken);

    [SuppressMessage("Reliability", "CA2000", Justification = "Owned by the stream that is returned.")]
    private async Task<ProcessStream> OpenAsync<T>(
        string method, T body, JsonTypeInfo<T> type, string? user, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var frame = Frame(JsonSerializer.SerializeToUtf8Bytes(body, type));
        var response = await access.OpenAsync(
            () =>
            {
                var request = access.Rpc(
                    method,
                    new ByteArrayContent(frame) { Headers = { ContentType = new MediaTypeHeaderValue("application/connect+json") } },
                    user);
                request.Headers.Add("Keepalive-Ping-Interval", KeepaliveSeconds);
                if (timeout != Timeout.InfiniteTimeSpan)
                    request.Headers.Add("Connect-Timeout-Ms", ((long)timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
                return request;
            },
            cancellationToken).ConfigureAwait(false);
        return await ProcessStream.OpenAsync(access, response, cancellationToken).ConfigureAwait(false);
    }

    private static byte[] Frame(byte[] payload)
    {
        var frame = new byte[FrameHeaderBytes + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), payload.Length);
        payload.CopyTo(frame.AsSpan(FrameHeaderBytes));
        return frame;
    }
}
