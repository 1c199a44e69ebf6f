using System.Net;

namespace MonkeyCoder.Client;

/// <summary>
/// The one exception of this client: the service refused or failed, could not be reached, or sent what is not the
/// protocol. Code that fails <em>inside</em> a sandbox is not an exception: it is a result.
/// </summary>
public sealed class SandboxApiException : Exception
{
    /// <summary>Makes one.</summary>
    /// <param name="code">Stable code.</param>
    /// <param name="message">A sentence for people.</param>
    /// <param name="statusCode">HTTP status of the answer, or null where there was none.</param>
    /// <param name="inner">What caused it.</param>
    public SandboxApiException(string code, string message, HttpStatusCode? statusCode = null, Exception? inner = null)
        : base(message, inner)
    {
        Code = code;
        StatusCode = statusCode;
    }

    /// <summary>
    /// Stable code to decide by: the service's own (listed in docs/PROBLEMS.md), a Connect code such as
    /// <c>not_found</c>, or one of this client: <c>unreachable</c>, <c>connection_lost</c>, <c>sandbox_gone</c>,
    /// <c>deadline_exceeded</c>, <c>protocol_error</c>.
    /// </summary>
    public string Code { get; }

    /// <summary>HTTP status of the answer; null where there was none.</summary>
    public HttpStatusCode? StatusCode { get; }

    /// <summary>Trace id of the service for its logs, where it sent one.</summary>
    public string? TraceId { get; init; }

    /// <summary>How long the service asked to wait before the next try, where it said so.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
