using System.Net;
using System.Text;
using System.Text.Json;

namespace MonkeyCoder.Client.Transport;

/// <summary>Turns the error bodies of the three contracts (problem+json, E2B, Connect) into one exception.</summary>
internal static class ApiErrors
{
    public const string Unreachable = "unreachable";
    public const string ConnectionLost = "connection_lost";
    public const string SandboxGone = "sandbox_gone";
    public const string DeadlineExceeded = "deadline_exceeded";
    public const string ProtocolError = "protocol_error";

    // Enough for every sentence; a page of HTML from a proxy is cut.
    private const int MaxBodyBytes = 64 * 1024;
    private const int MaxMessageLength = 2000;

    /// <summary>Reads the answer's body and makes the exception; the caller throws it and owns the answer.</summary>
    public static async Task<SandboxApiException> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        byte[] body;
        try
        {
            body = await ReadBoundedAsync(response, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            body = [];
        }

        var (code, message, traceId) = Parse(body, response.Content.Headers.ContentType?.MediaType);
        return new SandboxApiException(
            code ?? CodeOf(response.StatusCode),
            message ?? $"The service answered {(int)response.StatusCode} {response.ReasonPhrase}.",
            response.StatusCode)
        {
            TraceId = traceId ?? HeaderOf(response, "X-E2B-Trace-ID"),
            RetryAfter = response.Headers.RetryAfter?.Delta,
        };
    }

    /// <summary>The code of a status whose body has none.</summary>
    public static string CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => "bad_request",
        HttpStatusCode.Unauthorized => "unauthorized",
        HttpStatusCode.Forbidden => "forbidden",
        HttpStatusCode.NotFound => "not_found",
        HttpStatusCode.Conflict => "conflict",
        HttpStatusCode.RequestEntityTooLarge => "too_large",
        HttpStatusCode.TooManyRequests => "rate_limited",
        HttpStatusCode.BadGateway => SandboxGone,
        HttpStatusCode.ServiceUnavailable => "unavailable",
        HttpStatusCode.GatewayTimeout => DeadlineExceeded,
        HttpStatusCode.InsufficientStorage => "disk_full",
        _ => $"http_{(int)status}",
    };

    private static (string? Code, string? Message, string? TraceId) Parse(byte[] body, string? mediaType)
    {
        if (mediaType is null || !mediaType.EndsWith("json", StringComparison.OrdinalIgnoreCase))
            return (null, Clip(mediaType is "text/plain" ? Encoding.UTF8.GetString(body) : null), null);
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.String) return (null, Clip(root.GetString()), null);
            if (root.ValueKind != JsonValueKind.Object) return (null, null, null);
            return (
                TextOf(root, "error_code") ?? TextOf(root, "code"),
                Clip(TextOf(root, "detail") ?? TextOf(root, "message") ?? TextOf(root, "title")),
                TextOf(root, "traceId"));
        }
        catch (JsonException)
        {
            return (null, null, null);
        }
    }

    private static string? TextOf(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string? Clip(string? text) =>
        string.IsNullOrWhiteSpace(text) ? null
        : text.Length <= MaxMessageLength ? text.Trim()
        : text[..MaxMessageLength];

    private static string? HeaderOf(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : null;

    private static async Task<byte[]> ReadBoundedAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            var buffer = new byte[MaxBodyBytes];
            var length = await stream.ReadAtLeastAsync(buffer, buffer.Length, false, cancellationToken).ConfigureAwait(false);
            return buffer[..length];
        }
    }
}
