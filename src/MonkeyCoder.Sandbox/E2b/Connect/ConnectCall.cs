using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json.Serialization.Metadata;
using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Sandbox.Sandboxes;

namespace MonkeyCoder.Sandbox.E2b.Connect;

/// <summary>One call of a sandbox's RPC: whom it acts as, and how long it may take.</summary>
internal sealed class ConnectCall : IDisposable
{
    /// <summary>Largest request message: a stdin of 24 MB in base64 with room to spare.</summary>
    public const int MaxMessageBytes = 40 * 1024 * 1024;

    private const int EnvelopeBytes = 5;
    private const int MaxTimeoutDigits = 10;
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(30);

    private readonly DateTimeOffset? _endsAt;
    private readonly CancellationTokenSource? _deadline;
    private readonly CancellationTokenSource _either;

    public ConnectCall(HttpContext context, LiveSandbox sandbox, string? user, TimeProvider time)
    {
        Context = context;
        Sandbox = sandbox;
        User = user;
        Time = time;
        if (ReadTimeout(context.Request.Headers["Connect-Timeout-Ms"]) is { } timeout)
        {
            _endsAt = time.GetUtcNow() + timeout;
            _deadline = new CancellationTokenSource(timeout, time);
            _either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _deadline.Token);
        }
        else
        {
            _either = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        }
    }

    public HttpContext Context { get; }

    public LiveSandbox Sandbox { get; }

    /// <summary>Acting user; null: the sandbox's default.</summary>
    public string? User { get; }

    public TimeProvider Time { get; }

    /// <summary>The client is gone, the sandbox ends, or the call's time is over.</summary>
    public CancellationToken Cancelled => _either.Token;

    /// <summary>The call's time is over, and the client is still there.</summary>
    public bool DeadlinePassed => _deadline is { IsCancellationRequested: true } && !Context.RequestAborted.IsCancellationRequested;

    /// <summary>Until the deadline, below zero after it; null: there is none.</summary>
    public TimeSpan? TimeLeft => _endsAt - Time.GetUtcNow();

    /// <summary>Silence after which a stream says that it is alive: the header <c>Keepalive-Ping-Interval</c>, default 90 s.</summary>
    public TimeSpan KeepaliveInterval =>
        int.TryParse(Context.Request.Headers["Keepalive-Ping-Interval"], NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
        && seconds is > 0 and < 3600
            ? TimeSpan.FromSeconds(seconds)
            : TimeSpan.FromSeconds(90);

    /// <summary>Reads the request of a unary call.</summary>
    /// <exception cref="AgentException">It is not what the method takes.</exception>
    public async ValueTask<T> ReadUnaryAsync<T>(JsonTypeInfo<T> type) where T : class
    {
        var read = await RequestJson.ReadAsync(Context.Request, type, MaxMessageBytes, Cancelled).ConfigureAwait(false);
        return read.Value ?? throw ConnectErrors.InvalidArgument(read.Problem ?? "the request body is empty");
    }

    /// <summary>Reads the one request message of a server stream out of its envelope.</summary>
    /// <exception cref="AgentException">It is not what the method takes.</exception>
    public async ValueTask<T> ReadEnvelopeAsync<T>(JsonTypeInfo<T> type) where T : class
    {
        var reader = Context.Request.BodyReader;
        while (true)
        {
            System.IO.Pipelines.ReadResult result;
            try
            {
                result = await reader.ReadAsync(Cancelled).ConfigureAwait(false);
            }
            catch (BadHttpRequestException)
            {
                throw ConnectErrors.InvalidArgument("the request body is malformed or too large");
            }

            var buffer = result.Buffer;
            if (TryReadHeader(buffer, out var length))
            {
                if (length > MaxMessageBytes) throw ConnectErrors.InvalidArgument($"the request message is larger than {MaxMessageBytes} bytes");
                if (buffer.Length >= EnvelopeBytes + length)
                {
                    var read = RequestJson.Parse(buffer.Slice(EnvelopeBytes, length), type);
                    reader.AdvanceTo(buffer.End);
                    return read.Value ?? throw ConnectErrors.InvalidArgument(read.Problem ?? "the request message is empty");
                }
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted) throw ConnectErrors.InvalidArgument("the request envelope is cut off");
        }
    }

    public void Dispose()
    {
        _either.Dispose();
        _deadline?.Dispose();
    }

    private static bool TryReadHeader(ReadOnlySequence<byte> buffer, out uint length)
    {
        length = 0;
        if (buffer.Length < EnvelopeBytes) return false;
        Span<byte> header = stackalloc byte[EnvelopeBytes];
        buffer.Slice(0, EnvelopeBytes).CopyTo(header);
        if (header[0] != 0) throw ConnectErrors.InvalidArgument("the request envelope is compressed or has unknown flags");
        length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        return true;
    }

    /// <summary>null: no limit.</summary>
    private static TimeSpan? ReadTimeout(string? header)
    {
        if (header is not { Length: > 0 and <= MaxTimeoutDigits }
            || !long.TryParse(header, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)) return null;
        var timeout = TimeSpan.FromMilliseconds(milliseconds);
        return timeout < LongestTimeout ? timeout : null;
    }
}
