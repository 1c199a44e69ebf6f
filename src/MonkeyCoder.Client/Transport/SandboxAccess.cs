using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace MonkeyCoder.Client.Transport;

/// <summary>How one sandbox is reached: by header routing through the service, with the sandbox's own tokens.</summary>
/// <param name="Transport">Sends.</param>
/// <param name="SandboxId">Which sandbox.</param>
/// <param name="AccessToken">Token of its processes and files; null where it is open.</param>
/// <param name="TrafficToken">Token of its ports; null where they are open.</param>
internal sealed record SandboxAccess(ApiTransport Transport, string SandboxId, string? AccessToken, string? TrafficToken)
{
    /// <summary>Port of processes and files.</summary>
    public const int EnvdPort = 49983;

    /// <summary>Port of the code interpreter.</summary>
    public const int CodePort = 49999;

    /// <summary>A request to a port of the sandbox.</summary>
    public HttpRequestMessage Request(HttpMethod method, int port, string path)
    {
        var request = Transport.Request(method, path);
        request.Headers.Add("E2b-Sandbox-Id", SandboxId);
        request.Headers.Add("E2b-Sandbox-Port", port.ToString(CultureInfo.InvariantCulture));
        if (AccessToken is not null) request.Headers.Add("X-Access-Token", AccessToken);
        if (TrafficToken is not null && port != EnvdPort) request.Headers.Add("E2B-Traffic-Access-Token", TrafficToken);
        return request;
    }

    /// <summary>A unary or streaming call of envd, on behalf of <paramref name="user"/>.</summary>
    public HttpRequestMessage Rpc(string method, HttpContent content, string? user)
    {
        var request = Request(HttpMethod.Post, EnvdPort, method);
        request.Content = content;
        request.Headers.Add("Connect-Protocol-Version", "1");
        if (user is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue(
                "Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(user + ":")));
        return request;
    }

    /// <summary>Sends, and returns once the answer's head is there; as <see cref="ApiTransport.OpenAsync"/>.</summary>
    public async Task<HttpResponseMessage> OpenAsync(
        Func<HttpRequestMessage> make, CancellationToken cancellationToken, bool once = false)
    {
        try
        {
            return await Transport.OpenAsync(make, cancellationToken, once).ConfigureAwait(false);
        }
        catch (SandboxApiException exception) when (exception.Code == ApiErrors.ConnectionLost)
        {
            throw await ExplainBreakAsync(exception.InnerException ?? exception, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// What a broken stream means: the service cuts the streams of a sandbox that was killed, and answers 502 for it
    /// from then on.
    /// </summary>
    public async Task<SandboxApiException> ExplainBreakAsync(Exception exception, CancellationToken cancellationToken)
    {
        try
        {
            var status = await Transport.SendAsync(
                () => Request(HttpMethod.Get, EnvdPort, "health"), cancellationToken, HttpStatusCode.BadGateway)
                .ConfigureAwait(false);
            if (status == HttpStatusCode.BadGateway)
                return new SandboxApiException(
                    ApiErrors.SandboxGone, "The sandbox was killed or reached its end of life.", status, exception);
        }
        catch (SandboxApiException unreachable)
        {
            return unreachable;
        }

        return new SandboxApiException(
            ApiErrors.ConnectionLost, "The stream from the sandbox broke: " + exception.Message, null, exception);
    }
}
