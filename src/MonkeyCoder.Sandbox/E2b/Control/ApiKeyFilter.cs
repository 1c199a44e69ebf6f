using MonkeyCoder.Isolation.Agents;
using MonkeyCoder.Isolation.Sandboxes;
using MonkeyCoder.Sandbox.Sandboxes;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.E2b.Control;

/// <summary>
/// Lets through who has a key, and turns the refusals of the registry into answers. Where the key is missing nothing
/// is said about what exists.
/// </summary>
internal sealed class ApiKeyFilter(IApiKeys keys) : IEndpointFilter
{
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (keys.Authenticate(http.Request.Headers[E2bProtocol.ApiKeyHeader]) is not { } key)
            return E2bAnswers.Error(StatusCodes.Status401Unauthorized, "the API key in X-API-KEY is missing, unknown or revoked");
        http.Features.Set(key);
        try
        {
            return await next(context).ConfigureAwait(false);
        }
        catch (SandboxLimitException e)
        {
            return E2bAnswers.Error(StatusCodes.Status429TooManyRequests, e.Message);
        }
        catch (UnknownTemplateException e)
        {
            return E2bAnswers.Error(StatusCodes.Status404NotFound, $"template '{e.Template}' not found");
        }
        catch (AgentUnreachableException)
        {
            return E2bAnswers.Error(StatusCodes.Status503ServiceUnavailable, "the sandbox did not answer; try again");
        }
    }
}

/// <summary>What the filter found out.</summary>
internal static class ApiKeyFeature
{
    /// <summary>The key of this request; only behind <see cref="ApiKeyFilter"/>.</summary>
    public static ApiKey ApiKey(this HttpContext context) =>
        context.Features.Get<ApiKey>() ?? throw new InvalidOperationException("The route is not behind the key filter.");
}
