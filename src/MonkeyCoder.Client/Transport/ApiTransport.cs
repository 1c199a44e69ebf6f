using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace MonkeyCoder.Client.Transport;

/// <summary>
/// Sends requests: credentials, deadline, retries on 429 with <c>Retry-After</c>, and errors as
/// <see cref="SandboxApiException"/>.
/// </summary>
internal sealed class ApiTransport(HttpClient http, SandboxClientOptions options)
{
    private static readonly MediaTypeHeaderValue JsonType = new("application/json");

    private readonly Uri _base = new(options.BaseAddress.AbsoluteUri.TrimEnd('/') + "/");

    public SandboxClientOptions Options => options;

    /// <summary>A request to a path below the base address; <paramref name="path"/> has no leading slash.</summary>
    public HttpRequestMessage Request(HttpMethod method, string path) => new(method, new Uri(_base, path));

    /// <summary>A request of the tenant: with its API key, or its token.</summary>
    public HttpRequestMessage TenantRequest(HttpMethod method, string path, string? executionId = null)
    {
        var request = Request(method, path);
        if (options.ApiKey is { Length: > 0 } key) request.Headers.Add("X-API-KEY", key);
        var token = executionId is not null && options.TokenFactory is { } factory ? factory(executionId) : options.Token;
        if (token is { Length: > 0 }) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }

    /// <summary>JSON content that can be sent more than once.</summary>
    public static ByteArrayContent Json<T>(T value, JsonTypeInfo<T> type) =>
        new(JsonSerializer.SerializeToUtf8Bytes(value, type)) { Headers = { ContentType = JsonType } };

    /// <summary>Sends and reads a JSON answer.</summary>
    public async Task<T> SendAsync<T>(
        Func<HttpRequestMessage> make, JsonTypeInfo<T> type, CancellationToken cancellationToken, TimeSpan? timeout = null)
    {
        using var deadline = Deadline(timeout, cancellationToken);
        try
        {
            using var response = await SendCoreAsync(make, 0, [], deadline.Token).ConfigureAwait(false);
            return await ReadAsync(response, type, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception exception) when (Translate(exception, cancellationToken) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>Sends, and returns the answer's head with nothing read of its body. For answers that are pages.</summary>
    public async Task<(T Body, HttpResponseHeaders Headers)> SendPageAsync<T>(
        Func<HttpRequestMessage> make, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var deadline = Deadline(null, cancellationToken);
        try
        {
            using var response = await SendCoreAsync(make, 0, [], deadline.Token).ConfigureAwait(false);
            return (await ReadAsync(response, type, deadline.Token).ConfigureAwait(false), response.Headers);
        }
        catch (Exception exception) when (Translate(exception, cancellationToken) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>Sends where the answer's body does not matter.</summary>
    /// <returns>The status, a success or one of <paramref name="alsoFine"/>.</returns>
    public async Task<HttpStatusCode> SendAsync(
        Func<HttpRequestMessage> make, CancellationToken cancellationToken, params HttpStatusCode[] alsoFine)
    {
        using var deadline = Deadline(null, cancellationToken);
        try
        {
            using var response = await SendCoreAsync(make, 0, alsoFine, deadline.Token).ConfigureAwait(false);
            return response.StatusCode;
        }
        catch (Exception exception) when (Translate(exception, cancellationToken) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>Sends, and returns once the answer's head is there; the body is a stream without a deadline.</summary>
    /// <param name="make">Makes the request.</param>
    /// <param name="cancellationToken">Cancels the wait for the head.</param>
    /// <param name="once">The request's content can be read once only, so a 429 is not tried again.</param>
    public async Task<HttpResponseMessage> OpenAsync(
        Func<HttpRequestMessage> make, CancellationToken cancellationToken, bool once = false)
    {
        try
        {
            return await SendCoreAsync(make, once ? options.MaxRetries : 0, [], cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (Translate(exception, cancellationToken) is { } translated)
        {
            throw translated;
        }
    }

    /// <summary>null for what passes through as it is: the caller's own cancellation, and bugs.</summary>
    public static SandboxApiException? Translate(Exception exception, CancellationToken cancellationToken) => exception switch
    {
        SandboxApiException => null,
        OperationCanceledException when cancellationToken.IsCancellationRequested => null,
        OperationCanceledException => new SandboxApiException(
            ApiErrors.DeadlineExceeded, "The service did not answer within the request timeout.", null, exception),
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError } =>
            new SandboxApiException(ApiErrors.Unreachable, "The sandbox service cannot be reached: " + exception.Message, null, exception),
        HttpRequestException or IOException => new SandboxApiException(
            ApiErrors.ConnectionLost, "The connection to the sandbox service broke: " + exception.Message, null, exception),
        JsonException => new SandboxApiException(
            ApiErrors.ProtocolError, "The service sent JSON of another shape: " + exception.Message, null, exception),
        _ => null,
    };

    private async Task<HttpResponseMessage> SendCoreAsync(
        Func<HttpRequestMessage> make, int retry, HttpStatusCode[] alsoFine, CancellationToken cancellationToken)
    {
        for (; ; retry++)
        {
            using var request = make();
            var response = await http
                .SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            if (response.IsSuccessStatusCode || alsoFine.Contains(response.StatusCode)) return response;
            TimeSpan delay;
            using (response)
            {
                if (!MayRetry(response, retry, out delay))
                    throw await ApiErrors.ReadAsync(response, cancellationToken).ConfigureAwait(false);
            }

            await Task.Delay(delay, options.TimeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool MayRetry(HttpResponseMessage response, int retry, out TimeSpan delay)
    {
        delay = response.Headers.RetryAfter?.Delta ?? TimeSpan.MaxValue;
        return response.StatusCode == HttpStatusCode.TooManyRequests
            && retry < options.MaxRetries
            && delay <= options.MaxRetryDelay;
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        await using (stream.ConfigureAwait(false))
        {
            return await JsonSerializer.DeserializeAsync(stream, type, cancellationToken).ConfigureAwait(false)
                ?? throw new JsonException("null instead of a value.");
        }
    }

    private LinkedDeadline Deadline(TimeSpan? timeout, CancellationToken cancellationToken) =>
        new(timeout ?? options.RequestTimeout, options.TimeProvider, cancellationToken);
}
