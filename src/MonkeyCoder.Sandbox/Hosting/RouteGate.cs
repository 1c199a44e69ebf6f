using MonkeyCoder.Contracts.Problems;
using MonkeyCoder.Sandbox.Problems;
using MonkeyCoder.Sandbox.RateLimits;
using MonkeyCoder.Sandbox.Security;

namespace MonkeyCoder.Sandbox.Hosting;

/// <summary>
/// Runs right after routing: answers what matched no route, and lets nobody past who may not, or who sends too much. An
/// endpoint that says nothing about access is closed.
/// </summary>
internal sealed class RouteGate(ProblemWriter writer, CallerAuthenticator authenticator, RequestLimits limits) : IMiddleware
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var problem = await JudgeAsync(context, next).ConfigureAwait(false);
        if (problem is null) await next(context).ConfigureAwait(false);
        else await writer.WriteAsync(context, problem).ConfigureAwait(false);
    }

    /// <summary>
    /// null where the request may go on. 1. What is open to everybody. 2. How much comes from the address. 3. Whether there
    /// is such a route. 4. Who calls, how much, and what for.
    /// </summary>
    private async Task<Problem?> JudgeAsync(HttpContext context, RequestDelegate next)
    {
        var endpoint = context.GetEndpoint();
        var access = endpoint?.Metadata.GetMetadata<AccessRule>();
        if (access is { IsOpen: true }) return null;
        if (limits.Take(context.Connection.RemoteIpAddress) is { } wait) return TooMany(wait);
        return endpoint switch
        {
            null => ProblemCatalog.Make(ProblemCodes.NotFound),
            RouteEndpoint => Admit(context, access),
            _ => await AnswerOfRouting(context, next).ConfigureAwait(false),
        };
    }

    private Problem? Admit(HttpContext context, AccessRule? access)
    {
        if (!authenticator.Authenticate(context, access?.Credentials ?? default).TryGet(out var caller, out var problem))
        {
            if (problem.Status == StatusCodes.Status401Unauthorized) context.Response.Headers.WWWAuthenticate = "Bearer";
            return problem;
        }

        if (limits.Take(caller) is { } wait) return TooMany(wait);
        if (access?.Scope is not { } scope || !caller.Scopes.Contains(scope))
        {
            return ProblemCatalog.Make(
                ProblemCodes.InsufficientScope, $"Use a token with the scope '{access?.Scope ?? "none"}'.");
        }

        context.Features.Set(caller);
        return null;
    }

    private static Problem TooMany(TimeSpan wait) => ProblemCatalog.Make(ProblemCodes.RateLimited) with { RetryAfter = wait };

    // Routing puts endpoints of its own where a path exists for another method or content type: they set the status
    // and the header Allow, and leave the body to others.
    private static async Task<Problem> AnswerOfRouting(HttpContext context, RequestDelegate next)
    {
        await next(context).ConfigureAwait(false);
        return ProblemCatalog.Make(context.Response.StatusCode switch
        {
            StatusCodes.Status405MethodNotAllowed => ProblemCodes.MethodNotAllowed,
            StatusCodes.Status415UnsupportedMediaType => ProblemCodes.UnsupportedMediaType,
            _ => ProblemCodes.NotFound,
        });
    }
}
